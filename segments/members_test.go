package segments

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"testing"

	"winnow/hygiene"
)

// sheet is a list in memory.
type sheet struct{ bytes.Buffer }

func (*sheet) Close() error { return nil }

func (*sheet) Discard() error { return nil }

const header = "winnow members 1 nightly/now all\n"

func listOf(t *testing.T, members ...member) []byte {
	t.Helper()
	var s sheet
	w := newMemberWriter(&s, header)
	for i := range members {
		w.add(&members[i])
	}
	if err := w.close(); err != nil {
		t.Fatal(err)
	}
	return s.Bytes()
}

func readList(b []byte) (members []member, err error) {
	r := openMembers(io.NopCloser(bytes.NewReader(b)), header)
	for r.hasRecord() {
		members = append(members, member{string(r.key), r.message, r.attempt})
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
