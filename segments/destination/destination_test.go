package destination

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestRunsOfAClockThatRanAheadAreTheOldest(t *testing.T) {
	runs := []string{"1", "2", "8", "9"}
	for newest, want := range map[string]string{"": "1 2 8 9", "9": "1 2 8 9", "2": "8 9 1 2", "3": "8 9 1 2", "0": "1 2 8 9"} {
		if got := OldestFirst(slices.Clone(runs), newest); strings.Join(got, " ") != want {
			t.Errorf("with %q as the newest: %v, want %s", newest, got, want)
		}
	}
}

// twoKinds are kinds whose destinations remember what they were made of.
func twoKinds(parsed *string) Kinds {
	kind := func(scheme string) Kind {
		return Kind{Scheme: scheme, Form: scheme + "://place", Pattern: "^" + scheme + "://", Parse: func(url string, given map[string]string) (Remote, error) {
			*parsed = scheme + " of " + url + " with " + given["key"]
			return nil, nil
		}}
	}
	return Kinds{kind("box"), kind("web")}
}

func TestAURLIsParsedByTheKindOfItsScheme(t *testing.T) {
	var parsed string
	kinds := twoKinds(&parsed)
	for url, want := range map[string]string{"box://a": "box of box://a with k", "WEB://a": "web of WEB://a with k"} {
		if _, err := kinds.Parse(url, map[string]string{"key": "k"}); err != nil || parsed != want {
			t.Errorf("%s: parsed %q, %v", url, parsed, err)
		}
	}
	for _, url := range []string{"", "box", "box:/a", "ftp://hunter2@a", "./box"} {
		if _, err := kinds.Parse(url, nil); err == nil || err.Error() != "it does not begin with box:// or web://" {
			t.Errorf("%q: %v", url, err)
		}
	}
}

func TestThePatternOfAllKindsMatchesTheURLsOfEach(t *testing.T) {
	kinds := twoKinds(new(string))
	p := regexp.MustCompile(kinds.Pattern())
	if !p.MatchString("box://a") || !p.MatchString("web://a") || p.MatchString("ftp://a") || kinds.Forms() != "box://place or web://place" {
		t.Errorf("the pattern is %s, the forms are %s", p, kinds.Forms())
	}
}

func TestAReasonLeavesOutWhatIsKnownWhereItIsShown(t *testing.T) {
	full := errors.New("the disk is full")
	err := fmt.Errorf("try 3: %w", &Error{Destination: "sftp://crm@host/in", Doing: "delivering run nightly/1", Err: full, Advice: "make room there"})
	if want := "try 3: destination sftp://crm@host/in: delivering run nightly/1: the disk is full; make room there"; err.Error() != want || !errors.Is(err, full) {
		t.Errorf("%v, want %s", err, want)
	}
	if got := Reason(err); got != "the disk is full; make room there" {
		t.Errorf("the reason is %q", got)
	}
	if got := Reason(full); got != "the disk is full" {
		t.Errorf("the reason of another error is %q", got)
	}
}
