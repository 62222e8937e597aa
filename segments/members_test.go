package segments

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"winnow/hygiene"
)

// sheet is a list in memory.
type sheet struct{ bytes.Buffer }

func (*sheet) Close() error { return nil }

func (*sheet) Discard() error { return nil }

// sumOf stands in for the sum of a member's row.
func sumOf(m *member) uint64 { return uint64(len(m.key))<<32 | uint64(m.attempt) }

// messageOf stands in for the id of a member's message.
func messageOf(m *member) string { return strings.Repeat("m", m.attempt) }

func listOf(t *testing.T, members ...member) []byte {
	t.Helper()
	var s sheet
	w := newMemberWriter(&s, memberHeader(memberVersion, "nightly", "now", "all"))
	for i := range members {
		w.add(&members[i], messageOf(&members[i]), sumOf(&members[i]))
	}
	if err := w.close(); err != nil {
		t.Fatal(err)
	}
	return s.Bytes()
}

func readList(b []byte) (members []member, err error) {
	r := readMembers(io.NopCloser(bytes.NewReader(b)), "nightly", "now", "all")
	for r.hasRecord() {
		m := member{string(r.key), r.message, r.attempt}
		if r.row != sumOf(&m) || m.attempt > 0 && string(r.messageID) != messageOf(&m) {
			return nil, fmt.Errorf("the row of %q has the sum %x", m.key, r.row)
		}
		members = append(members, m)
		r.next()
	}
	return members, r.close()
}

func TestAListOfMembersReadsAsItWasWritten(t *testing.T) {
	many := []member{{key: ""}, {"a", 1 << 63, 3}, {"a\x00", 0, 1}, {key: "\xff\xfe"}}
	for i := range 20_000 { // over several blocks
		many = append(many, member{key: fmt.Sprintf("\xff\xff%06d", i)})
	}
	for n := range []int{0, 1, 4, len(many)} {
		if got, err := readList(listOf(t, many[:n]...)); err != nil || !slices.Equal(got, many[:n]) {
			t.Errorf("%d members read as %d, %v", n, len(got), err)
		}
	}
	if got, err := readList(listOf(t, many...)); err != nil || !slices.Equal(got, many) {
		t.Errorf("%d members read as %d, %v", len(many), len(got), err)
	}
}

// A list that the first release wrote has no sums of rows.
func TestAListOfTheFirstReleaseIsRead(t *testing.T) {
	list := []byte("winnow members 1 nightly/now all\n" +
		"\x12\x00\x00\x00\x86qoS" + "\x03ann\x00" + "\x03bob\x01\x07\x00\x00\x00\x00\x00\x00\x00" +
		"\x00\x00\x00\x00\xc4HP\x1e" + "\x02\x00\x00\x00\x00\x00\x00\x00")
	r := readMembers(io.NopCloser(bytes.NewReader(list)), "nightly", "now", "all")
	var got []member
	for r.hasRecord() {
		got = append(got, member{string(r.key), r.message, r.attempt})
		r.next()
	}
	if want := []member{{key: "ann"}, {"bob", 7, 1}}; !slices.Equal(got, want) || r.close() != nil {
		t.Errorf("%+v, %v; want %+v", got, r.err, want)
	}
}

func TestADamagedListIsNeverTakenForAShorterOne(t *testing.T) {
	whole := listOf(t, member{key: "ann"}, member{"bob", 7, 1}, member{key: "carl"})
	for n := range whole {
		if got, err := readList(whole[:n]); err == nil {
			t.Errorf("cut to %d bytes it reads as %v", n, got)
		}
		for bit := range 8 {
			flipped := slices.Clone(whole)
			flipped[n] ^= 1 << bit
			if got, err := readList(flipped); err == nil {
				t.Errorf("with bit %d of byte %d flipped it reads as %v", bit, n, got)
			}
		}
	}
}

func TestAMemberIsTheContactAndItsOpenRetry(t *testing.T) {
	const now = hygiene.Instant(1_800_000_000_000_000)
	retry := &hygiene.Retry{Since: hygiene.Moment{At: now - 10}, DueAt: now + 10, LapsesAt: now + 20, Attempt: 2, Message: 7}
	barred := []hygiene.Suppression{{Reason: "opted_out", Since: hygiene.Moment{At: now - 1}}}
	for _, c := range []struct {
		contact hygiene.Contact
		at      hygiene.Instant
		want    member
	}{
		{hygiene.Contact{Key: "a"}, now, member{key: "a"}},
		{hygiene.Contact{Key: "a", Retry: retry}, now, member{"a", 7, 2}},
		{hygiene.Contact{Key: "a", Retry: retry}, now + 20, member{key: "a"}},
		{hygiene.Contact{Key: "a", Retry: retry, Suppressions: barred}, now, member{key: "a"}},
	} {
		if got := memberAt(&c.contact, c.at); got != c.want {
			t.Errorf("%+v, want %+v", got, c.want)
		}
	}
}
