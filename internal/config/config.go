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
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/provider"
	"winnow/internal/yamldoc"
	"winnow/segments"
)

// Config is a config file, checked. Paths in it are absolute.
type Config struct {
	Path string // the file as it was named
	Hash string // the first 12 hexadecimal digits of the SHA-256 of Text
	Text []byte

	Listen   string // address of the public server
	TLS      *TLS   // nil when a proxy ends TLS
	Admin    Admin
	Store    string         // path of the store's main file
	Timezone *time.Location // of schedules
	Keys     hygiene.KeyFormat
	Sources  []Source

	Sweep, Review string // schedules
	Policy        *hygiene.Policy
	Breakers      []hygiene.Breaker // of different outcomes
	Segments      []segments.Segment
	Exports       []segments.Export

	root *yamldoc.Entry
}

// Root is the file as a tree of entries with their places, for code that reports at
// these; nil for a config that was not parsed.
func (c *Config) Root() *yamldoc.Entry { return c.root }

// TLS names the files of a certificate and its key.
type TLS struct{ Cert, Key string }

// Admin is the private server.
type Admin struct {
	Listen string
	Token  string // empty for none, which only a loopback address may have
}

// Source is a provider account.
type Source struct {
	Name, Preset string
	Tokens       []string // without those whose variable is not set, see [Options]
	Contact      string   // dotted path of the contact's key in a callback
	Outcomes     []provider.Line
}

// Options are what the caller knows and a file does not.
type Options struct {
	// Env looks up a variable of the environment; nil for the process's own.
	Env func(string) (string, bool)
	// CheckSchedule returns what is wrong with a schedule; nil to accept all.
	CheckSchedule func(string) error
	// Secrets says which secrets are required.
	Secrets Secrets
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
	// SecretsRequiredToListen requires those of the public and the private server,
	// for a daemon that starts with the last good config: it must answer callbacks. A
	// destination whose secret is missing fails when it is used.
	SecretsRequiredToListen
)

// MaxSize is the most bytes that a config may have.
const MaxSize = 1 << 20

// Load reads and checks the file at path. The error is a [*yamldoc.Problems] when the
// file could be read and something in it is wrong.
func Load(path string, o Options) (*Config, error) {
	content, err := read(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, content, o)
}

func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open %s: no such file; copy config.example.yaml", path)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, MaxSize+1))
	if err != nil {
		return nil, err
	}
	if len(content) > MaxSize {
		return nil, fmt.Errorf("%s is larger than 1 MiB, the limit for a config; check the path", path)
	}
	return content, nil
}

// Parse checks the text of a config. path names it in problems, and paths in it
// are relative to its folder. The error is a [*yamldoc.Problems].
func Parse(path string, text []byte, o Options) (*Config, error) {
	folder, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("find the folder of %s: %w", path, err)
	}
	if o.Env == nil {
		o.Env = os.LookupEnv
	}
	doc := yamldoc.Read(path, text, file, yamldoc.Options{
		Env:       o.Env,
		EmptyHint: "start from config.example.yaml",
		Implied:   []string{"when", "then"},
		RequireSecret: func(s *yamldoc.Shape) bool {
			return o.Secrets == SecretsRequired || o.Secrets == SecretsRequiredToListen && s != deliverySecret
		},
	})
	sum := sha256.Sum256(text)
	c := &Config{Path: path, Hash: hex.EncodeToString(sum[:])[:12], Text: text, root: doc.Root}
	if doc.Root != nil {
		(&reader{options: o, folder: folder}).read(c)
	}
	if err := doc.Err(); err != nil {
		return nil, err
	}
	return c, nil
}

// Schema is the JSON Schema (draft-07) of the config, for editors. It accepts
// whatever [Parse] accepts. It cannot check what only the whole file shows (names,
// references, cycles), nor the environment; winnow check does. The bytes are always
// the same.
func Schema() []byte {
	return file.JSONSchema("winnow's config", "What a winnow daemon receives, does about it, and writes.")
}

// reader turns entries into values, and checks what only the whole file shows.
type reader struct {
	options Options
	folder  string // paths are relative to it

	sources, reasons, tags, segments yamldoc.Names
	references                       []*yamldoc.Entry // the references to segments in the conditions read so far
}

// read fills the config. Names come first, so that every reference can be checked.
func (r *reader) read(c *Config) {
	e := c.root
	r.defineNames(e)
	r.readServers(c, e)
	c.Store = r.readStore(e.Get("store"))
	c.Timezone = readTimezone(e.Get("timezone"))
	c.Keys = readContacts(e.Get("contacts"))
	c.Sources = r.readSources(e.Get("sources"), c.Admin.Token)
	c.Sweep = r.readSchedule(e.Get("hygiene").Get("sweep"))
	c.Review = r.readSchedule(e.Get("hygiene").Get("review"))
	c.Breakers = readBreakers(e.Get("hygiene").Get("breaker"))
	c.Policy = hygiene.NewPolicy(r.readRules(e.Get("hygiene").Get("rules")), c.Hash)
	c.Segments = r.readSegments(e.Get("segments"))
	c.Exports = r.readExports(e.Get("exports"))
}

// defineNames collects the names that the file defines, and reports duplicates.
func (r *reader) defineNames(e *yamldoc.Entry) {
	rules := e.Get("hygiene").Get("rules")
	r.sources = yamldoc.Define("source", e.Get("sources"))
	yamldoc.Define("rule", rules)
	r.segments = yamldoc.Define("segment", e.Get("segments"))
	yamldoc.Define("export", e.Get("exports"))

	for _, reason := range Reasons {
		r.reasons.Add(reason)
	}
	r.reasons.Incomplete, r.tags.Incomplete = !rules.Valid(), !rules.Valid()
	for _, rule := range rules.Items() {
		then := rule.Get("then")
		suppress, tag := then.Get("suppress"), then.Get("tag")
		if reason := suppress.Get("reason"); reason != nil {
			r.reasons.Add(reason.Text())
		} else if !then.Valid() || suppress != nil {
			r.reasons.Incomplete = true
		}
		if tag != nil {
			r.tags.Add(tag.Text())
		} else if !then.Valid() {
			r.tags.Incomplete = true
		}
	}
}

// Reasons are the reasons that are known without a rule that gives them.
var Reasons = []string{"hard_bounce", "soft_bounce", hygiene.OptedOut, "dormant"}

// absolute is the absolute path of a path in the file.
func (r *reader) absolute(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(r.folder, path)
}
