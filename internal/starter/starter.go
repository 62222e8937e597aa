// Package starter makes the files that a new installation begins with: a config with
// the rules of config.example.yaml, a token for the provider, rule tests, and a unit for
// systemd.
//
// Nothing is asked and nothing is replaced. The config names its token by file, so it
// can be kept in git, and it passes winnow check --strict without an environment.
package starter

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"winnow/hygiene/ruletest"
)

// The names of the files beside the config.
const (
	TokenFile  = "insider.token"
	TestFile   = "winnow.test.yaml"
	SchemaFile = "winnow.schema.json"
	UnitFile   = "winnow.service"
)

// Options say what is made.
type Options struct {
	Config  string // path of the config
	Example []byte // config.example.yaml
	Schema  []byte // JSON Schema of the config
	Data    string // folder of the store and the exports, which must exist; "" is that of the config
	// Unit returns the unit of a daemon with a config at that path.
	Unit func(path string, config []byte) (string, error)
}

// File is a file that was made.
type File struct {
	Path string `json:"path"`
	What string `json:"what"`

	text []byte
	mode os.FileMode
}

// Write makes the files, and returns them. If one of them exists, it makes none.
func Write(o Options) ([]File, error) {
	path, err := filepath.Abs(o.Config)
	if err != nil {
		return nil, err
	}
	text, err := configText(o.Example)
	if err != nil {
		return nil, err
	}
	if o.Data != "" {
		if text, err = withData(text, o.Data); err != nil {
			return nil, err
		}
	}
	unit, err := o.Unit(path, text)
	if err != nil {
		return nil, err
	}
	files := []File{
		{o.Config, "the config, with the rules of the example", text, 0o600},
		{beside(o.Config, TokenFile), "the token of the callback URL; keep it secret", []byte(newToken() + "\n"), 0o600},
		{beside(o.Config, TestFile), "tests of the rules", testText(o.Config), 0o644},
		{beside(o.Config, SchemaFile), "the JSON Schema of the config, for editors", o.Schema, 0o644},
		{beside(o.Config, UnitFile), "a unit for systemd", []byte(unit), 0o644},
	}
	for _, f := range files {
		if _, err := os.Lstat(f.Path); err == nil {
			return nil, fmt.Errorf("%s exists already; nothing was written: move it away, or run winnow init in another folder", f.Path)
		} else if !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
	}
	for i, f := range files {
		if err := write(f); err != nil {
			for _, made := range files[:i] {
				err = errors.Join(err, os.Remove(made.Path))
			}
			return nil, err
		}
	}
	return files, nil
}

// beside is the path of another file in the folder of a file.
func beside(path, name string) string { return filepath.Join(filepath.Dir(path), name) }

// write makes a new file, which another process must not have made meanwhile.
func write(f File) error {
	out, err := os.OpenFile(f.Path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, f.mode)
	if err != nil {
		return err
	}
	_, err = out.Write(f.text)
	return errors.Join(err, out.Close())
}

// newToken is 128 random bits.
func newToken() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// configText is the example, with the token in a file. What it replaces must be in the
// example once.
func configText(example []byte) ([]byte, error) {
	return edited(example, [][2]string{
		{"# winnow's config. Copy it to winnow.yaml, edit it, and check it:", "# winnow's config. Edit it, and check it:"},
		{`tokens: ["${WINNOW_INSIDER_TOKEN}"]        # several`, `tokens_file: ` + TokenFile + `                 # one per line, several`},
		{"; or tokens_file: FILE, one per line", "; or tokens: [\"${NAME}\"]"},
	})
}

// withData is a config whose store and exports lie in another folder.
func withData(text []byte, folder string) ([]byte, error) {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("--data %s is not a folder that exists: make it, for the user of the daemon alone, or leave --data out", folder)
	}
	if strings.ContainsFunc(folder, unicode.IsControl) || strings.Contains(folder, "${") {
		return nil, fmt.Errorf("--data %q: a config can't name this folder, because of a control character or ${ in its name; take another one", folder)
	}
	return edited(text, [][2]string{
		{"store: sqlite://winnow.db", "store: " + quoted("sqlite://"+filepath.Join(folder, "winnow.db"))},
		{"to: [./exports] ", "to: [" + quoted(filepath.Join(folder, "exports")) + "] "},
	})
}

// quoted is a text as a scalar of YAML.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// edited is a text with each first part replaced by the second. The first must be in the
// text once.
func edited(text []byte, edits [][2]string) ([]byte, error) {
	for _, edit := range edits {
		if bytes.Count(text, []byte(edit[0])) != 1 {
			return nil, fmt.Errorf("the example config has changed: it does not have %q once", edit[0])
		}
		text = bytes.Replace(text, []byte(edit[0]), []byte(edit[1]), 1)
	}
	return text, nil
}

// testText is the rule tests of the example.
func testText(config string) []byte {
	return bytes.Replace(ruletest.Example, []byte("# The rule tests of config.example.yaml. Copy both, change a rule,"),
		[]byte("# The rule tests of "+filepath.Base(config)+". Change a rule,"), 1)
}
