// Package internal has the tests of the code base as a whole: which package may
// import which, where a dependency may be used, how long a file may be, and how
// comments and sentences are written.
//
// Each rule is a [check]: a function from a file to what is wrong in it. It is
// enforced on every file, and tried on violations made up for it, so that it is
// known to be able to fail.
//
// Where to change what: a new package gets its place in layers, a new dependency
// its importers, both in architecture_test.go.
package internal

import (
	"go/ast"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "winnow"

// layers is the order of the packages, from the bottom up. A package imports
// packages of lower layers only, so those of one layer do not know each other. A
// folder inside a package that is not named here belongs to it.
var layers = [][]string{
	{"internal/suggest", "internal/connlimit", "internal/xlsx", "internal/parquetfile", "internal/faultfs", "internal/procusage"},
	{"internal/ui"},
	{"internal/atomicfile", "internal/csvlist", "internal/jsonsplit", "internal/loglimit", "hygiene/callback", "hygiene/contactkey", "hygiene/instant", "hygiene/reason"},
	{"hygiene/value"},
	{"hygiene"},
	{"hygiene/provider", "hygiene/wording", "internal/traffic"},
	{"hygiene/ruletest"},
	{"segments"},
	{"segments/destination"},
	{"segments/destination/local", "segments/destination/sftp"},
	{"internal/sendlog", "internal/yamldoc", "internal/listfile", "internal/snscert"},
	{"store/engine", "store/scratchfile", "store/location", "internal/presets"},
	{"store/records"},
	{"store/sqlite", "store/postgres", "store/members", "store/keyset", "store/messages", "store/quarantine", "store/personal"},
	{"store/engine/enginetest", "store/migration", "store/logscan", "store/silence", "store/regret", "store/quiet", "store/portions", "store/daycounts", "store/statuscounts", "store/erasure", "store/forgotten", "store/runs", "store/appender", "store/lines", "store/lookahead", "store/logahead", "store/packed", "store/counters"},
	{"store/retention", "internal/logline"},
	{"store", "internal/config", "internal/schedule", "internal/receiver", "internal/console"},
	{"store/storetest", "internal/lint", "internal/testfile"},
	{"internal/app"},
	{"internal/apptest"},
	{"internal/kit", "internal/logpull"},
	{"internal/explain", "internal/quarantine", "internal/starter", "internal/sources", "internal/report", "internal/scrub", "internal/staticlist", "internal/testrun", "internal/impact", "internal/exports", "internal/unmatched", "internal/silent", "internal/regret", "internal/backup"},
	{"internal/retention", "internal/migrate"},
	{"internal/person"},
	{"internal/imports", "internal/contactapi", "internal/status", "internal/pagedata"},
	{"internal/reconcile"},
	{"internal/daemon", "internal/doctor"},
	{"internal/demo", "internal/simulate", "internal/bench"},
	{"internal/command", "internal/attack"},
	{"internal/faults"},
	{"."},
}

// importers lists which packages, or single files, may import a dependency. Beside
// the third-party packages it has those of the standard library that are used in one
// place.
var importers = map[string][]string{
	"database/sql":                          {"store/sqlite", "store/engine/enginetest"},
	"github.com/mattn/go-sqlite3":           {"store/sqlite"},
	"github.com/jackc/pgx/v5":               {"store/postgres"},
	"gopkg.in/yaml.v3":                      {"internal/yamldoc"},
	"go.yaml.in/yaml/v4":                    {"internal/yamldoc"},
	"github.com/rogpeppe/go-internal/diff":  {"internal/pagedata"},
	"github.com/rogpeppe/go-internal/txtar": {"internal/yamldoc"}, // its cases for tests
	"github.com/robfig/cron/v3":             {"internal/schedule"},
	"github.com/gorilla/mux":                {"internal/receiver", "internal/console"},
	"golang.org/x/sync":                     {"internal/receiver"},
	"golang.org/x/sys":                      {"internal/atomicfile", "segments/destination/local"},
	"golang.org/x/term":                     {"internal/ui"},
	"github.com/prometheus":                 {"internal/console"},
	"github.com/alecthomas/kong":            {"internal/command"},
	"github.com/nyaruka/phonenumbers":       {"hygiene/contactkey"},
	"golang.org/x/text":                     {"hygiene/contactkey", "internal/csvlist"},
	"github.com/pkg/sftp":                   {"segments/destination/sftp"},
	"github.com/parquet-go":                 {"internal/parquetfile"},
	"github.com/google/pprof":               {"internal/bench"},
	"github.com/HdrHistogram":               {"internal/simulate"},
	"golang.org/x/crypto":                   {"segments/destination/sftp"},
	"github.com/hanwen/go-fuse/v2":          {"internal/faultfs"},
}

// testImporters are further importers, for test files.
var testImporters = map[string][]string{
	"database/sql": {"store", "store/migration"},
	"github.com/rogpeppe/go-internal/testscript": {"internal/command"},
	"golang.org/x/tools":                         {"internal/circles_test.go", "internal/doclinks_test.go"},
	"github.com/santhosh-tekuri/jsonschema/v6":   {"internal/config", "internal/console"},
	"gopkg.in/yaml.v3":                           {"internal/config", "internal/console", "hygiene/provider"},
	"golang.org/x/text":                          {"internal/imports", "internal/listfile"},
}

// topLevel is what the top level may have, beside what git ignores.
var topLevel = []string{
	"main.go", "hygiene", "segments", "store", "internal",
	"config.example.yaml", "Dockerfile", ".dockerignore", "go.mod", "go.sum",
	"README.md", "LICENSE", "CHANGELOG.md", ".ci", ".git", ".gitignore",
}

// packageOf is the package in layers that a folder belongs to; empty for none.
func packageOf(dir string) string {
	if dir == "." {
		return dir
	}
	for name := dir; name != "."; name = path.Dir(name) {
		if layerOf(name) >= 0 {
			return name
		}
	}
	return ""
}

func layerOf(pkg string) int {
	return slices.IndexFunc(layers, func(layer []string) bool { return slices.Contains(layer, pkg) })
}

func TestPackagesImportLowerLayersOnly(t *testing.T) {
	enforce(t, importsDownwards, map[string]string{
		"hygiene/a.go":                         `package hygiene; import "winnow/segments"`,
		"hygiene/b.go":                         `package hygiene; import "winnow/hygiene/provider"`,
		"segments/a_test.go":                   `package segments_test; import "winnow/internal/config"`,
		"segments/a.go":                        `package segments; import "winnow/segments/destination"`,
		"segments/destination/a.go":            `package destination; import "winnow/segments/destination/sftp"`,
		"segments/destination/local/a_test.go": `package local; import "winnow/segments/destination/sftp"`,
		"store/a.go":                           `package store; import "winnow/internal/config"`,
		"store/b.go":                           `package store; import "winnow/store/storetest"`,
		"store/logscan/a.go":                   `package logscan; import "winnow/store"`,
		"store/engine/a.go":                    `package engine; import "winnow/store/sqlite"`,
		"store/sqlite/a.go":                    `package sqlite; import "winnow/store/keyset"`,
		"internal/config/a.go":                 `package config; import "winnow/store"`,
		"internal/config/b.go":                 `package config; import "winnow/internal/lint"`,
		"internal/yamldoc/a.go":                `package yamldoc; import "winnow/internal/config"`,
		"internal/lint/a.go":                   `package lint; import "winnow/internal/testfile"`,
		"internal/console/a.go":                `package console; import "winnow/internal/receiver"`,
		"internal/console/a_test.go":           `package console; import "winnow/internal/receiver"`,
		"hygiene/a_test.go":                    `package hygiene_test; import "winnow/store"`,
		"internal/config/deep/a.go":            `package deep; import "winnow/internal/command"`,
		"internal/attic/a.go":                  `package attic`,
		"store/root.go":                        `package store; import "winnow"`,
		"internal/ui/a.go":                     `package ui; import "winnow/hygiene"`,
	})
}

func importsDownwards(s *source) (wrong []string) {
	pkg := s.pkg()
	if pkg == "" && s.dir() != "internal" {
		return []string{s.path + ": this package is in none of the layers; give it a place there, or move the file"}
	}
	for name, node := range s.imports() {
		other, ours := strings.CutPrefix(name+"/", module+"/")
		if !ours {
			continue
		}
		other = packageOf(path.Clean(other))
		if other != pkg && layerOf(other) >= layerOf(pkg) && !(s.test() && mayTestWith(pkg, other)) {
			wrong = append(wrong, s.at(node)+pkg+" must not import "+other+", which is not in a lower layer: declare an interface here and let the caller pass it in; if "+s.dir()+" is a new package, give it a place in layers")
		}
	}
	return wrong
}

// mayTestWith reports whether the tests of a package may use another of a higher
// layer: what is in its own folder, the store, which is real in tests, and what
// tests share.
func mayTestWith(pkg, other string) bool {
	return strings.HasPrefix(other, pkg+"/") || inStore(other) && layerOf(pkg) > layerOf("hygiene/provider") || other == "internal/apptest"
}

func TestEachThirdPartyPackageIsUsedInOnePlace(t *testing.T) {
	enforce(t, importedWhereAllowed, map[string]string{
		"hygiene/a.go":              `package hygiene; import "github.com/nyaruka/phonenumbers"`,
		"segments/destination/a.go": `package destination; import "github.com/pkg/sftp"`,
		"internal/command/a.go":     `package command; import "github.com/mattn/go-sqlite3"`,
		"store/logscan/a.go":        `package logscan; import "github.com/mattn/go-sqlite3"`,
		"internal/console/a.go":     `package console; import "database/sql/driver"`,
		"internal/receiver/a.go":    `package receiver; import "github.com/prometheus/client_golang/prometheus"`,
		"store/a.go":                `package store; import "example.org/new"`,
		"internal/command/b.go":     `package command; import "github.com/rogpeppe/go-internal/testscript"`,
		"internal/config/yaml/a.go": `package yaml; import "gopkg.in/yaml.v2"`,
		"internal/config/a.go":      `package config; import "gopkg.in/yaml.v3"`,
		"main.go":                   `package main; import "github.com/alecthomas/kong"`,
	})
}

func importedWhereAllowed(s *source) (wrong []string) {
	for name, node := range s.imports() {
		allowed, known := importersOf(name, importers)
		if s.test() {
			more, alsoKnown := importersOf(name, testImporters)
			allowed, known = slices.Concat(allowed, more), known || alsoKnown
		}
		switch first, _, _ := strings.Cut(name, "/"); {
		case first == module, !known && !strings.Contains(first, "."):
		case !known:
			wrong = append(wrong, s.at(node)+name+" has no importers; add the package that it is for, or do without it")
		case !slices.Contains(allowed, s.pkg()) && !slices.Contains(allowed, s.path):
			wrong = append(wrong, s.at(node)+name+" may be imported in "+strings.Join(allowed, " and ")+" only")
		}
	}
	return wrong
}

// importersOf finds the importers of the package, or of the module it is part of.
func importersOf(name string, in map[string][]string) ([]string, bool) {
	for ; name != "."; name = path.Dir(name) {
		if allowed, ok := in[name]; ok {
			return allowed, true
		}
	}
	return nil, false
}

func TestHygieneIsPure(t *testing.T) {
	enforce(t, pureHygiene, map[string]string{
		"hygiene/clock.go":         `package hygiene; import "time"; var now = time.Now()`,
		"hygiene/provider/file.go": `package provider; import "os"`,
		"hygiene/dice.go":          `package hygiene; import "math/rand/v2"`,
	})
}

// pureHygiene reports what gives hygiene a clock, I/O or chance. Of net, net/url is text alone.
func pureHygiene(s *source) (wrong []string) {
	if s.test() || !strings.HasPrefix(s.path, "hygiene/") {
		return nil
	}
	for name, node := range s.imports() {
		if first, _, _ := strings.Cut(name, "/"); name != "net/url" && slices.Contains([]string{"os", "net", "log", "syscall"}, first) || strings.HasPrefix(name, "math/rand") || name == "io/ioutil" {
			wrong = append(wrong, s.at(node)+"hygiene must not import "+name+": it has no clock, no I/O and no randomness")
		}
	}
	ast.Inspect(s.tree, func(n ast.Node) bool {
		if call, ok := n.(*ast.SelectorExpr); ok && isClock(call) {
			wrong = append(wrong, s.at(n)+"hygiene must not use time."+call.Sel.Name+": the caller passes the time")
		}
		return true
	})
	return wrong
}

func isClock(e *ast.SelectorExpr) bool {
	of, ok := e.X.(*ast.Ident)
	clock := []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}
	return ok && of.Name == "time" && slices.Contains(clock, e.Sel.Name)
}

func TestOnlyTheStoreHasSQL(t *testing.T) {
	enforce(t, sqlInStore, map[string]string{
		"internal/console/a.go": "package console; const q = `\n\tselect count(*)\n\tFROM events`",
		"internal/command/b.go": `package command; const q = "DELETE FROM events"`,
		"internal/command/c.go": `package command; var q = "PRAGMA " + "synchronous"`,
		"internal/command/d.go": `package command; var q = "UPDATE jobs SET at = ?"`,
		"internal/command/e.go": `package command; var q = "insert or ignore into jobs values (1)"`,
		"segments/f.go":         `package segments; var q = "CREATE TABLE t (a)"`,
	})
	err := walk(func(name string) error {
		if path.Ext(name) == ".sql" && !inStore(packageOf(path.Dir(name))) {
			t.Errorf("%s: only the store has SQL", name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// sql matches the beginning of a statement, but not a sentence like "update the
// config".
var sql = regexp.MustCompile(`(?is)^\s*(` + strings.Join([]string{
	`select\s.+\sfrom\s+\w`, `select\s+(count|max|min|coalesce)\(`, `insert\s+(or\s+\w+\s+)?into\s+\w`, `replace\s+into\s+\w`,
	`update\s+\w+\s+set\s`, `delete\s+from\s+\w+(\s*$|\s*;|\s+where\s)`, `create\s+(temp\w*\s+|unique\s+|virtual\s+)?(table|index|view|trigger)\s`,
	`(alter|drop)\s+(table|index)\s`, `pragma\s`, `begin\s+(immediate|exclusive)`, `vacuum\s+into`, `with\s+(recursive\s+)?\w+(\s*\([^)]*\))?\s+as\s*\(`,
}, "|") + `)`)

// inStore reports whether the package is the store or inside it.
func inStore(pkg string) bool { return pkg == "store" || strings.HasPrefix(pkg, "store/") }

// sqlInStore leaves out package bench, whose SQL is for the programs that it compares winnow
// with.
func sqlInStore(s *source) (wrong []string) {
	if inStore(s.pkg()) || s.pkg() == "internal/bench" || s.test() {
		return nil
	}
	ast.Inspect(s.tree, func(n ast.Node) bool {
		literal, ok := n.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return true
		}
		if text, err := strconv.Unquote(literal.Value); err == nil && sql.MatchString(text) {
			wrong = append(wrong, s.at(n)+"only the store has SQL; give it a method for this")
		}
		return true
	})
	return wrong
}

func TestTheTopLevelIsClosed(t *testing.T) {
	ignored := ignoredAtTop(t)
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !belongsAtTop(e.Name(), ignored) {
			t.Errorf("%s does not belong at the top level; put it under internal", e.Name())
		}
	}
	for _, name := range []string{"pkg", "cmd", "docs", "util.go", "Makefile", ".github"} {
		if belongsAtTop(name, ignored) {
			t.Errorf("%s would not be noticed at the top level", name)
		}
	}
	for _, name := range topLevel {
		if _, err := os.Stat(filepath.Join("..", name)); err != nil && name != ".git" { // an archive has no .git
			t.Errorf("%s is missing at the top level", name)
		}
	}
}

func belongsAtTop(name string, ignored []string) bool {
	return slices.Contains(topLevel, name) || slices.ContainsFunc(ignored, func(pattern string) bool {
		ok, err := path.Match(pattern, name)
		return ok && err == nil
	})
}

// ignoredAtTop are the patterns of .gitignore, for what a daemon that was started
// here leaves at the top level.
func ignoredAtTop(t *testing.T) (patterns []string) {
	text, err := os.ReadFile("../.gitignore")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			patterns = append(patterns, strings.Trim(line, "/"))
		}
	}
	return patterns
}

func TestMainOnlyCallsCommand(t *testing.T) {
	all, err := sources()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if s.dir() != "." {
			continue
		}
		if s.path != "main.go" || s.lines > 60 {
			t.Errorf("%s has %d lines; the only Go file at the top level is main.go, with at most 60", s.path, s.lines)
		}
		for name := range s.imports() {
			if other, ours := strings.CutPrefix(name, module+"/"); ours && other != "internal/command" {
				t.Errorf("%s imports %s; only command belongs there", s.path, other)
			}
		}
	}
}
