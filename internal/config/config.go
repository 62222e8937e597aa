// Package config reads the file that operations edits: YAML to checked values
// with their places.
//
// Whoever edits the file should never fear it. So everything that is wrong is
// told at once, each with its line and column, in the words of the file, with
// what was probably meant. And nothing is guessed: an unknown key, a second
// value, a number that is no whole number, an alias are all refused, since a
// rule that is read otherwise than it was meant texts people who said no.
//
// It goes in three steps. The text becomes a tree ([gopkg.in/yaml.v3] into
// nodes, never into Go values: those lose places and accept too much). The tree
// is walked along one table of shapes, schema.go, the only place that knows the
// keys; what comes out has the shape it should have. Last, that is read into
// values, and what only the whole file can tell is checked: names, references,
// cycles. A mistake found in one step is not told again in the next. Of a file
// without mistakes is told what it hardly means, as warnings.
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

	"gopkg.in/yaml.v3"

	"winnow/hygiene"
	"winnow/hygiene/provider"
	"winnow/segments"
)

// Config is a config file, checked. Paths in it are absolute.
type Config struct {
	Path string // the file as it was named
	Hash string // the first 12 hexadecimal digits of the SHA-256 of Text
	Text []byte

	Listen   string // address of the public door
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

	// Warnings is what is right and hardly meant, in the order of the file: a
	// rule that nothing triggers, a segment that nobody can be in. Only what is
	// certain is among them.
	Warnings []Problem
}

// TLS names the files of a certificate and its key.
type TLS struct{ Cert, Key string }

// Admin is the private door.
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

// Options is what a file can't say itself.
type Options struct {
	// Env looks up a variable of the environment; nil for the process's own.
	Env func(string) (string, bool)
	// CheckSchedule tells what is wrong with a schedule; nil for nothing.
	CheckSchedule func(string) error
	// WarnSchedule tells what about a good schedule was hardly meant in that time
	// zone, a sentence each; nil for nothing.
	WarnSchedule func(text string, zone *time.Location) []string
	// Secrets demands the secrets. Without it a token whose variable is not set
	// or whose file can't be read is left out, for the commands that open no door.
	Secrets bool
	// Kept says that the text was good before. What a server needs and can't be
	// had now keeps that server from its runs, and nobody from answering.
	Kept bool
}

// MaxSize is the most bytes that a config may have.
const MaxSize = 1 << 20

// Load reads and checks the file at path. The error is a [*Problems] when the
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
		return nil, fmt.Errorf("%s is larger than 1 MiB, which no config is: name the right file", path)
	}
	return content, nil
}

// Parse checks the text of a config. path names it in problems, and paths in it
// are relative to its folder. The error is a [*Problems].
func Parse(path string, text []byte, o Options) (*Config, error) {
	folder, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("find the folder of %s: %w", path, err)
	}
	if o.Env == nil {
		o.Env = os.LookupEnv
	}
	d := &document{file: path, refused: map[*yaml.Node]bool{}}
	root := d.parse(text)
	if root == nil {
		return nil, d.err()
	}
	sum := sha256.Sum256(text)
	c := &Config{Path: path, Hash: hex.EncodeToString(sum[:])[:12], Text: text}
	r := &reader{
		walker:  &walker{document: d, lookup: o.Env, demand: o.Secrets, kept: o.Kept},
		options: o,
		folder:  folder,
	}
	e := r.walk(&place{index: -1, at: root, node: root}, file, false)
	r.read(c, e)
	if err := d.err(); err != nil {
		return nil, err
	}
	r.warn(c, e)
	return c, nil
}

// reader turns what has the right shape into values, and checks what only the
// whole file can tell.
type reader struct {
	*walker
	options Options
	folder  string // paths are relative to it

	sources, reasons, tags, segments names
}

// read fills the config. Names come first, so that every reference can be checked.
func (r *reader) read(c *Config, e *entry) {
	r.learn(e)
	r.readHead(c, e)
	c.Sources = r.readSources(e.get("sources"), c.Admin.Token)
	c.Sweep = r.schedule(e.get("hygiene").get("sweep"))
	c.Review = r.schedule(e.get("hygiene").get("review"))
	c.Breakers = r.readBreakers(e.get("hygiene").get("breaker"))
	c.Policy = hygiene.NewPolicy(r.readRules(e.get("hygiene").get("rules")), c.Hash)
	c.Segments = r.readSegments(e.get("segments"))
	c.Exports = r.readExports(e.get("exports"))
}

// tellAt tells of a problem of an entry; of one that is not there it was told.
func (r *reader) tellAt(e *entry, text, hint string) {
	if e != nil {
		r.at(e.place.node, e.place, text, hint)
	}
}

// tellKey tells of a problem of a mapping at one of its keys.
func (r *reader) tellKey(e *entry, key, text, hint string) {
	if at := e.keys[key]; at != nil {
		r.at(at, e.place, text, hint)
	}
}

// absolute is a path of the file as seen from anywhere.
func (r *reader) absolute(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(r.folder, path)
}
