// Package config reads the file that operations edits, and makes checked values of
// it.
//
// People should edit the file without fear. So every problem is reported, each with
// its line and column, in the words of the file, with what was probably meant. And
// nothing is guessed: a rule that is read differently from what was meant texts
// people who said no.
//
// Reading takes two steps. Package yamldoc compares the file with its shape. Then
// the reader turns the entries into values, and checks what only the whole file
// shows: names, references, cycles. What is correct and probably not meant is the
// business of package lint.
//
// Where to change what:
//   - a key: a field of the shape of its section, and the line that reads it. Both
//     are in the file of the section: server.go, sources.go, rules.go, segments.go
//     and so on. A test finds a key that no code reads.
//   - a test of conditions: a line in testsOf and a case in readCondition, both in
//     conditions.go.
//   - an action of rules: a field in action and a line in readAction, both in
//     rules.go.
//   - a message: in the file that reports it; run the tests with -update, and look
//     at the difference.
package config

import (
	"net/netip"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/hygiene/provider"
	"winnow/internal/yamldoc"
	"winnow/segments"
)

// Config is a config file, checked. Paths in it are absolute.
type Config struct {
	Path string // the file as it was named
	Hash string // of all that can change a verdict or the content of a file, 12 hexadecimal digits
	Text []byte // of the file
	// TokenFiles are the files that tokens were read from: a change of one is a change of
	// the config.
	TokenFiles []string

	Listen string // address of the public server
	TLS    *TLS   // nil when a proxy ends TLS
	Admin  Admin
	// LogToken opens the log of this host to another one; empty for none.
	LogToken string
	// Receivers are the hosts whose logs are pulled, each with another URL.
	Receivers []Receiver
	// TrustedProxies are where requests with an X-Forwarded-For that is believed come from.
	TrustedProxies []netip.Prefix
	Store          string // its location, see package location
	Retention      Retention
	LogJSON        bool           // lines of the daemon's log are JSON
	Timezone       *time.Location // of schedules
	Keys           contactkey.Format
	Sources        []Source

	Sweep, Review string // schedules
	// Silence is after how long a message without a terminal event is silent; 0 when none
	// are counted.
	Silence       time.Duration
	Policy        *hygiene.Policy
	Breakers      []hygiene.Breaker    // of different outcomes
	Regret        *hygiene.RegretLimit // nil doubts no rule
	NumberReasons []string             // that are faults of phone numbers
	// Unprotected are reasons that policies before protected, and this one no longer.
	Unprotected []string
	Segments    []segments.Segment
	Exports     []segments.Export
	Backup      *Backup // nil for none

	// Accepted is what this version refuses in another file, as warnings, see
	// [Options.WasInForce].
	Accepted []yamldoc.Problem

	root *yamldoc.Entry
}

// Root is the file as a tree of entries with their places, for code that reports at
// these; nil for a config that was not parsed.
func (c *Config) Root() *yamldoc.Entry { return c.root }

// Redacted is Text with its secrets starred out. It reads as the same config without
// them, see [SecretsOptional].
func (c *Config) Redacted() []byte {
	if c.root == nil {
		return c.Text
	}
	return c.root.Redacted()
}

// TLS names the files of a certificate and its key.
type TLS struct{ Cert, Key string }

// Admin is the admin server.
type Admin struct {
	Listen string
	Token  string // empty for one that winnow makes, which only a loopback address may have
	// TokenFile is the file that Token was read from; empty if it is in the config.
	TokenFile string
	TLS       *TLS // nil when a proxy ends TLS
}

// Receiver is a host that receives callbacks, and whose log is pulled.
type Receiver struct {
	URL   string // of its admin server
	Token string // its log_token; empty if that is not known here
	CA    string // file of the certificate authorities that its certificate may be from; empty for the system's
}

// Source is a provider account.
type Source struct {
	Name   string
	Preset string           // empty for a provider without one
	Format *provider.Format // of the preset, or what the file says
	Tokens []string         // without those whose variable is not set, see [Options]
	// Contact says where the contact's key is in a callback, as [provider.Config] has it;
	// empty when only the send log knows it.
	Contact string
	From    []netip.Prefix // where its callbacks may come from; empty for everywhere
	// International says that phone numbers in its callbacks begin with their country code.
	International bool
	// RequireSendLog says that only events of messages that the send log has act.
	RequireSendLog bool
	Outcomes       []provider.Line
	// Signature is how its callbacks are verified; nil for not at all.
	Signature *Signature
	// PublicURL is the beginning of the URL that the provider calls, without the path that
	// the receiver sees; empty when it is not known.
	PublicURL string
}

// Table is what the events and codes of the source mean.
func (s *Source) Table() provider.OutcomeTable {
	table, err := s.Format.Table(s.Outcomes)
	if err != nil {
		panic(err) // its lines were checked
	}
	return table
}

// KeysOf is how the keys of contacts are written in a source's callbacks.
func (c *Config) KeysOf(s *Source) contactkey.Format {
	keys := c.Keys
	if s.International {
		keys.Region = contactkey.International
	}
	return keys
}

// Reader makes the reader of a source's callbacks. known is that of [provider.Config], and
// may be nil.
func (c *Config) Reader(s *Source, known func(key string) bool) (*provider.Reader, error) {
	return provider.New(provider.Config{Source: s.Name, Format: s.Format, Contact: s.Contact, Outcomes: s.Outcomes, Keys: c.KeysOf(s), Known: known})
}

// RequiringSendLog are the names of the sources of which only events of messages that
// the send log has act.
func (c *Config) RequiringSendLog() map[string]bool {
	names := map[string]bool{}
	for _, s := range c.Sources {
		if s.RequireSendLog {
			names[s.Name] = true
		}
	}
	return names
}

// Options are what the caller knows and a file does not.
type Options struct {
	// Env looks up a variable of the environment; nil for the process's own.
	Env func(string) (string, bool)
	// CheckSchedule returns what is wrong with a schedule; nil to accept all.
	CheckSchedule func(string) error
	// Secrets says which secrets are required.
	Secrets Secrets
	// WasInForce reports that the file was in force under an earlier version: what only
	// newer versions refuse is a warning then.
	WasInForce bool
	// Sealed reads the text alone, for one that somebody sends to look at: neither the
	// environment nor a file that it names. Variables are not set, and secrets are missing.
	Sealed bool
}

// Secrets says which secrets are required. A missing one, whose variable is not set
// or whose file cannot be read, is a problem.
type Secrets uint8

const (
	// SecretsOptional leaves missing secrets out, for commands that open no server. A
	// destination whose secret is missing fails when it is used.
	SecretsOptional Secrets = iota
	// SecretsRequired requires all secrets.
	SecretsRequired
	// SecretsRequiredToListen requires those of the public and the admin server,
	// for a daemon that starts with the last good config: it must answer callbacks. A
	// destination whose secret is missing fails when it is used.
	SecretsRequiredToListen
)
