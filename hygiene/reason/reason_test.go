package reason

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"
)

func TestEveryWordForAnOptOutIsOne(t *testing.T) {
	for want, words := range map[string]string{
		OptedOut:  "unsubscribed unsubscribe unsub optout opt-out opt_out opted-out stop stopped revoked opted_out",
		Complaint: "spam spam_complaint complaint",
	} {
		for word := range strings.FieldsSeq(words) {
			if got, other := Of(word); got != want || other != (word != want) {
				t.Errorf("%s is read as %s, %t", word, got, other)
			}
		}
	}
	for word, want := range map[string]string{"Opt Out": OptedOut, "SPAM-Complaint": Complaint, "Opted\u00a0Out": OptedOut, "UNSUBSCRİBED": OptedOut, "unsubscrıbe": OptedOut,
		" stop ": OptedOut, "s-t_o p": OptedOut, "Complaint": Complaint, "opted\u200bout": OptedOut, "OPTED_OUT": OptedOut, "opted\tout": OptedOut} {
		if got, other := Of(word); got != want || !other {
			t.Errorf("%q is read as %s, %t", word, got, other)
		}
	}
}

// However a word is written, it is the same reason; and a word that is none stays.
func TestSpellingTellsNoReasonsApart(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	between := []string{"", "", "-", "_", " ", "\t", "\u00a0", "\u2003", "\u200b"}
	for range 500 {
		for folded, want := range otherWords {
			var b strings.Builder
			for _, c := range folded {
				if r.IntN(2) == 0 {
					c = unicode.ToUpper(c)
				}
				b.WriteRune(c)
				b.WriteString(between[r.IntN(len(between))])
			}
			if got, _ := Of(b.String()); got != want {
				t.Fatalf("%q is read as %s", b.String(), got)
			}
		}
		if t.Failed() {
			return
		}
	}
}

func TestOtherReasonsStayAsTheyAre(t *testing.T) {
	for _, word := range []string{"hard_bounce", "", "legal", "stopped_paying", "nospam", "Marketing-Opt-Out"} {
		if got, other := Of(word); got != word || other {
			t.Errorf("%q is read as %q, %t", word, got, other)
		}
	}
	if got, other := Of("Marketing-Opt-Out", "marketing_opt_out", "marketing-opt_out"); got != "marketing_opt_out" || !other {
		t.Errorf("a reason of the company is read as %q, %t", got, other)
	}
	if got, other := Of("marketing-opt_out", "marketing_opt_out", "marketing-opt_out"); got != "marketing-opt_out" || other {
		t.Errorf("the very name is read as %q, %t", got, other)
	}
}
