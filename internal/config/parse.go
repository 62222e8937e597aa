package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"winnow/hygiene"
	"winnow/hygiene/reason"
	"winnow/internal/yamldoc"
)

// MaxSize is the most bytes that a config may have.
const MaxSize = 1 << 20

// Load reads and checks the file at path. The error is a [*yamldoc.Problems] when the
// file could be read and something in it is wrong.
func Load(path string, o Options) (*Config, error) {
	content, err := ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, content, o)
}

// ReadFile reads the bytes of a config. A file of more than [MaxSize] has a problem.
func ReadFile(path string) ([]byte, error) {
	content, err := readStart(path, MaxSize+1)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open %s: no such file; winnow init writes one", path)
	}
	if err != nil {
		return nil, err
	}
	if len(content) > MaxSize {
		return nil, &yamldoc.Problems{List: []yamldoc.Problem{{File: path, Line: 1, Col: 1, Text: "the file is larger than 1 MiB, the limit for a config", Hint: "check the path"}}}
	}
	return content, nil
}

// readStart reads a file, or its first bytes.
func readStart(path string, size int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, size))
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
	if o.Sealed {
		o.Env, o.Secrets = func(string) (string, bool) { return "", false }, SecretsOptional
	}
	doc := yamldoc.Read(path, text, file, yamldoc.Options{
		Env:        o.Env,
		WasInForce: o.WasInForce,
		EmptyHint:  "move it away, and let winnow init write one",
		Implied:    []string{"when", "then"},
		RequireSecret: func(s *yamldoc.Shape) bool {
			return o.Secrets == SecretsRequired || o.Secrets == SecretsRequiredToListen && s != deliverySecret
		},
	})
	c := &Config{Path: path, Text: text, root: doc.Root}
	if doc.Root != nil {
		r := &reader{options: o, folder: folder}
		r.read(c)
		c.TokenFiles = r.tokenFiles
	}
	if err := doc.Err(); err != nil {
		return nil, err
	}
	c.Hash, c.Accepted = hash(c), doc.Accepted()
	c.Policy = hygiene.NewPolicy(c.Policy.Rules, c.Hash).Protect(c.Policy.Protected()...)
	if !c.Keys.Phone {
		c.Policy.UseNumbers(c.NumberReasons)
	}
	return c, nil
}

// read fills the config. Names come first, so that every reference can be checked.
func (r *reader) read(c *Config) {
	e := c.root
	r.protected, c.Unprotected = r.readProtected(e.Get("hygiene"))
	r.defineNames(e)
	r.readServers(c, e)
	c.TrustedProxies = readRanges(e.Get("trusted_proxies"))
	c.Store = r.readStore(e.Get("store"), e.Get("folder"))
	c.Receivers = r.readReceivers(e.Get("receivers"))
	c.Retention = readRetention(e.Get("retention"))
	c.LogJSON = e.Get("log").Get("format").Text() == "json"
	c.Timezone = readTimezone(e.Get("timezone"))
	r.timezone = c.Timezone
	c.Keys = readContacts(e.Get("contacts"))
	r.keys = c.Keys
	c.Sources = r.readSources(e.Get("sources"), map[string]string{c.Admin.Token: "admin", c.LogToken: "the log"})
	c.Sweep = r.readSchedule(e.Get("hygiene").Get("sweep"))
	c.Review = r.readSchedule(e.Get("hygiene").Get("review"))
	c.Silence = r.readSilence(e.Get("hygiene"))
	c.Breakers = readBreakers(e.Get("hygiene").Get("breaker"))
	c.Regret = readRegret(e.Get("hygiene").Get("regret"))
	c.Policy = hygiene.NewPolicy(r.readRules(e.Get("hygiene").Get("rules")), "").Protect(r.protected...)
	if c.NumberReasons = r.readNumberReasons(e.Get("contacts"), c.Keys.Phone); !c.Keys.Phone {
		c.Policy.UseNumbers(c.NumberReasons)
		r.checkNumberRules(e.Get("hygiene").Get("rules"), c.Policy)
	}
	c.Segments = r.readSegments(e.Get("segments"))
	c.Exports = r.readExports(e.Get("exports"))
	c.Backup = r.readBackup(e.Get("backup"))
}

// defineNames collects the names that the file defines, and reports duplicates.
func (r *reader) defineNames(e *yamldoc.Entry) {
	rules := e.Get("hygiene").Get("rules")
	r.sources = yamldoc.Define("source", e.Get("sources"))
	yamldoc.Define("rule", rules)
	r.segments = yamldoc.Define("segment", e.Get("segments"))
	yamldoc.Define("export", e.Get("exports"))

	for _, known := range slices.Concat(Reasons, r.protected) {
		r.reasons.Add(known)
	}
	r.reasons.Incomplete, r.tags.Incomplete = !rules.Valid(), !rules.Valid()
	for _, rule := range rules.Items() {
		then := rule.Get("then")
		suppress, tag := then.Get("suppress"), then.Get("tag")
		if own := suppress.Get("reason"); own != nil {
			is, _ := reason.Of(own.Text(), r.protected...)
			r.reasons.Add(is)
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
