package contactkey

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestWhatNobodySeesTellsNoMessagesApart(t *testing.T) {
	for id, want := range map[string]string{
		"sms-1": "sms-1", "": "", " ": "", "\u200b": "",
		" sms-1": "sms-1", "sms-1 ": "sms-1", "sms-1\t": "sms-1", "sms-1\r\n": "sms-1", "\u00a0sms-1\u2003": "sms-1", "\u3000sms-1": "sms-1",
		"\ufeffsms-1": "sms-1", "sms\u200b-1": "sms-1", "\u202dsms-1\u202c": "sms-1", " \u2060 sms-1 \u00ad ": "sms-1", "sms\u00ad-1\u200e\u200f": "sms-1",
		"sms 1": "sms 1", "SMS-1": "SMS-1", "sms-\u0131": "sms-\u0131", "00042": "00042", "1042.0": "1042.0",
		"sms\xff-1": "sms\xff-1", "sms\xe2\u200b\x80\x8b ": "sms\xe2\u200b\x80\x8b ", "sms\ufffd-1": "sms\ufffd-1",
	} {
		if got := MessageID(id); got != want {
			t.Errorf("%q is %q, want %q", id, got, want)
		}
	}
}

func FuzzAMessageIDThatIsNormalizedAgainStaysTheSame(f *testing.F) {
	for _, seed := range []string{"sms-1", " \u200b sms \u200b", "\xff\u200b\xfe", "\u0085\u00ad\u0085"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, id string) {
		once := MessageID(id)
		if again := MessageID(once); again != once {
			t.Errorf("%q is %q, and that is %q", id, once, again)
		}
		if !utf8.ValidString(id) {
			return
		}
		if around := MessageID("\t\u200e" + id + "\u200b "); around != once {
			t.Errorf("%q is %q, and %q with blanks around it", id, once, around)
		}
		if strings.ContainsFunc(once, func(r rune) bool { return unicode.Is(unicode.Cf, r) }) {
			t.Errorf("%q is %q, which has format characters", id, once)
		}
	})
}
