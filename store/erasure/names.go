package erasure

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"winnow/hygiene/contactkey"
	"winnow/store/engine"
)

// Names are all that names the persons who are being erased, to find them in texts.
type Names struct {
	format   contactkey.Format
	keys     map[string]int64 // whose, as Pending.ID
	phones   map[string]int64 // E.164
	messages map[engine.MessageKey]int64
	persons  map[int64]*Person

	words   map[string]bool // keys and message ids, as a text may have them among others
	numbers []string        // the digits of the phones without their country code
	marks   marks           // of all words and numbers
	seeker  seeker          // of the same
	short   bool            // a key is too short to be found within texts
}

// The shortest names that are looked for within longer texts. A shorter one names a person
// only where it is all of a text.
const (
	shortestWord   = 4
	shortestNumber = 6
	// Of so many messages the ids are looked for in the bodies of other events.
	mostMessageWords = 500
)

// NewNames are names to which some are added. Keys are read as that format has them.
func NewNames(format contactkey.Format) *Names {
	return &Names{format: format, keys: map[string]int64{}, phones: map[string]int64{}, messages: map[engine.MessageKey]int64{}, persons: map[int64]*Person{}, words: map[string]bool{}}
}

// AddKey adds a contact's key. whose is that of the person; see [Pending].
func (n *Names) AddKey(key string, whose int64) {
	if n.keys[key] != 0 {
		return
	}
	n.keys[key] = whose
	n.person(whose).Keys = append(n.person(whose).Keys, key)
	n.addWord(key)
	n.short = n.short || len(key) < shortestWord
	if n.format.Phone {
		n.AddPhone(key, whose)
	}
}

// person is what was added of a person.
func (n *Names) person(whose int64) *Person {
	if n.persons[whose] == nil {
		n.persons[whose] = &Person{}
	}
	return n.persons[whose]
}

// AddPhone adds a phone number in E.164 that nobody else has.
func (n *Names) AddPhone(phone string, whose int64) {
	if n.phones[phone] != 0 {
		return
	}
	n.phones[phone] = whose
	n.person(whose).Numbers = append(n.person(whose).Numbers, Number{Phone: phone})
	if digits := contactkey.NationalNumber(phone); len(digits) >= shortestNumber {
		n.numbers = append(n.numbers, digits)
		n.marks.add(digits)
		n.seeker.addNumber(digits)
	}
}

// AddMessage adds a message, and reports whether it is new.
func (n *Names) AddMessage(m engine.MessageKey, whose int64) bool {
	if n.messages[m] != 0 {
		return false
	}
	n.messages[m] = whose
	if len(n.messages) <= mostMessageWords {
		n.addWord(m.ID)
	}
	return true
}

func (n *Names) addWord(word string) {
	if word = strings.ToLower(word); len(word) >= shortestWord {
		n.words[word] = true
		n.marks.add(word)
		n.seeker.addWord(word)
	}
}

// Keys are the contacts' keys.
func (n *Names) Keys() []string { return sorted(n.keys) }

// Phones are the phone numbers in E.164.
func (n *Names) Phones() []string { return sorted(n.phones) }

// OfKey is whose key the text is; 0 for nobody's.
func (n *Names) OfKey(text string) (whose int64) { return n.keys[text] }

// OfPhone is whose alone a phone number in E.164 is; 0 for nobody's.
func (n *Names) OfPhone(phone string) (whose int64) { return n.phones[phone] }

// OfMessage is whose message it is; 0 for nobody's.
func (n *Names) OfMessage(m engine.MessageKey) (whose int64) { return n.messages[m] }

// InBody reports whether a body names one of them. except are texts of the body that name
// nobody, whatever they say: the provider's words for what happened.
func (n *Names) InBody(body []byte, except ...string) bool {
	if len(body) == 0 || body[0] == 0 {
		return false
	}
	return (n.short || n.seeker.mayFind(body)) && n.inBodyRead(body, except)
}

// inBodyRead is InBody with care: it parses the body, and reads each of its texts.
func (n *Names) inBodyRead(body []byte, except []string) bool {
	if query, rest, ok := bytes.Cut(body, []byte("\n")); ok && body[0] == '?' { // the query of a callback's URL, and its body
		return n.inBodyRead(query, except) || len(rest) > 0 && n.inBodyRead(rest, except)
	}
	values, ok := textsIn(body)
	if !ok {
		return n.InText(string(body)) || n.inEscaped(string(body))
	}
	for _, v := range values {
		if v.text == "" || v.number && len(v.text) < shortestWord || contains(except, v.text) {
			continue
		}
		if n.isName(v.text) || n.InText(v.text) || n.inEscaped(v.text) {
			return true
		}
	}
	return false
}

func contains(list []string, text string) bool {
	for _, t := range list {
		if t == text {
			return true
		}
	}
	return false
}

// isName reports whether a text as a whole is a key or a number.
func (n *Names) isName(text string) bool {
	if n.keys[text] != 0 {
		return true
	}
	key, err := n.format.Normalize(text)
	return err == nil && n.keys[key] != 0
}

// InText reports whether a text names one of them, among other words.
func (n *Names) InText(text string) bool {
	if text == "" {
		return false
	}
	if n.isName(text) {
		return true
	}
	plain := strings.ToLower(n.format.Part(text))
	for word := range n.words {
		if hasWord(plain, word) {
			return true
		}
	}
	return n.hasNumber(plain)
}

// inEscaped is InText for a text as forms, JSON in a string, and JSON that is not valid
// escape it.
func (n *Names) inEscaped(text string) bool {
	if plain, err := url.QueryUnescape(text); err == nil && plain != text && n.InText(plain) {
		return true
	}
	if !strings.Contains(text, `\`) {
		return false
	}
	var plain string
	quoted := `"` + strings.NewReplacer(`"`, " ", "\n", " ", "\r", " ", "\t", " ").Replace(text) + `"`
	return json.Unmarshal([]byte(quoted), &plain) == nil && n.InText(plain)
}

// hasWord reports whether the word stands in the text by itself.
func hasWord(text, word string) bool {
	for from := 0; ; {
		i := strings.Index(text[from:], word)
		if i < 0 {
			return false
		}
		i += from
		before, _ := utf8.DecodeLastRuneInString(text[:i])
		after, _ := utf8.DecodeRuneInString(text[i+len(word):])
		if !isOfWord(before) && !isOfWord(after) {
			return true
		}
		from = i + 1
	}
}

func isOfWord(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }

// hasNumber reports whether the digits of a phone number stand in the text, however they
// are grouped.
func (n *Names) hasNumber(text string) bool {
	if len(n.numbers) == 0 {
		return false
	}
	var run []byte
	found := false
	for _, r := range text + "\x00" {
		if digit, ok := contactkey.Digit(r); ok {
			run = append(run, digit)
			continue
		}
		if r != 0 && (unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) || unicode.Is(unicode.Cf, r) || strings.ContainsRune("+-.()/\u2212", r)) {
			continue
		}
		for _, number := range n.numbers {
			found = found || bytes.Contains(run, []byte(number))
		}
		run = run[:0]
	}
	return found
}

// value is a text of a body.
type value struct {
	text   string
	number bool // it is written as a number
}

// textsIn are the texts of a JSON body, the names of its members too; false if it is not
// JSON.
func textsIn(body []byte) (list []value, ok bool) {
	if !json.Valid(body) {
		return nil, false
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	for {
		token, err := d.Token()
		if err != nil {
			return list, true
		}
		switch v := token.(type) {
		case string:
			list = append(list, value{text: v})
		case json.Number:
			text, err := contactkey.Number(v.String())
			if err != nil {
				text = v.String()
			}
			list = append(list, value{text, true})
		}
	}
}
