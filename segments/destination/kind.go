package destination

import (
	"fmt"
	"slices"
	"strings"

	"winnow/segments"
)

// Kind is a kind of destination that a config can choose, by the scheme of its
// URL: {url: SCHEME://..., and its settings}. A text alone is a local directory.
type Kind struct {
	Scheme string // begins its URLs, without "://": "sftp"
	// Form is how its URLs are written, for people: "sftp://user@host/folder".
	Form string
	// Pattern is the form as a regular expression, for editors. It accepts all
	// URLs that Parse accepts.
	Pattern string
	// Example is how a config writes a destination: the URL with the settings that
	// it usually needs.
	Example string
	Doc     string // what the URL names, one sentence or two
	// Settings are what a config can say beside the URL, in the order in which
	// people see them. One of those in NeedsOneOf must be given.
	Settings   []Setting
	NeedsOneOf []string
	// Parse makes a destination of a URL and the settings that the config gives.
	// Its errors are about the URL alone: they complete the sentence "URL: ...",
	// never repeat the URL, and say what to write.
	Parse func(url string, given map[string]string) (Remote, error)
}

// Setting is one key that a config can write beside the URL.
type Setting struct {
	Name string
	Type SettingType
	// FromFile says that NAME_file may name a file that holds the value, on one
	// line.
	FromFile bool
	Doc      string // one sentence
	Expected string // what a text looks like: `a server's key like "SHA256:..."`
}

// SettingType is how the value of a setting is read.
type SettingType uint8

// The types of settings.
const (
	Text   SettingType = iota
	Secret             // a text that no message shows
	Path               // of a file; relative to the config, and absolute in what Parse is given
)

// Remote is a destination that was made of a URL and settings.
type Remote interface {
	segments.Destination
	// Check reports what is wrong with the settings, as far as that shows without a
	// connection.
	Check() error
}

// Kinds are the kinds that a config can choose from.
type Kinds []Kind

// Parse makes a destination of a URL and the settings that the config gives. Its
// errors are those of [Kind], or say that no kind has such URLs.
func (all Kinds) Parse(url string, given map[string]string) (Remote, error) {
	k, ok := all.Of(url)
	if !ok {
		return nil, fmt.Errorf("it does not begin with %s", all.join(func(k Kind) string { return k.Scheme + "://" }))
	}
	return k.Parse(url, given)
}

// Of finds the kind of a URL.
func (all Kinds) Of(url string) (Kind, bool) {
	scheme, _, isURL := strings.Cut(url, "://")
	i := slices.IndexFunc(all, func(k Kind) bool { return strings.EqualFold(k.Scheme, scheme) })
	if !isURL || i < 0 {
		return Kind{}, false
	}
	return all[i], true
}

// Forms are the forms of all kinds' URLs, for people.
func (all Kinds) Forms() string { return all.join(func(k Kind) string { return k.Form }) }

// Pattern is a regular expression that the URLs of all kinds match.
func (all Kinds) Pattern() string {
	var patterns []string
	for _, k := range all {
		patterns = append(patterns, k.Pattern)
	}
	return strings.Join(patterns, "|")
}

func (all Kinds) join(part func(Kind) string) string {
	var parts []string
	for _, k := range all {
		parts = append(parts, part(k))
	}
	return strings.Join(parts, " or ")
}
