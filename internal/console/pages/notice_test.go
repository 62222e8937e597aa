package pages

import (
	"crypto/rand"
	"testing"
)

func TestANoticeIsForItsSessionAlone(t *testing.T) {
	n := notices{made: map[string]sessionNotice{}, name: rand.Text}
	first := n.add(Notice{Text: "a"}, "s1")
	if n.take(first, "s2") != nil || n.take(first, "s1") == nil {
		t.Error("a notice goes to another session, or not to its own")
	}
	oldest := n.add(Notice{}, "s")
	for range maxNotices {
		n.add(Notice{}, "s")
	}
	if n.take(oldest, "s") != nil || len(n.made) > maxNotices {
		t.Errorf("%d notices are kept", len(n.made))
	}
}
