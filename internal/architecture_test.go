// Package internal holds the test of the house as a whole: who may import whom,
// where a thing has its home, what the top level is.
//
// Each law is a function from one part of the tree to what it finds wrong there.
// A law is held against every part, and, so that it is known to be able to fail,
// against an offender made up for it.
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

// floors is the order of the house, from the ground up. A room imports rooms of
// lower floors only, so those of one floor do not know each other. What lies
// deeper than a named room belongs to it.
var floors = [][]string{
	{"internal/suggest"},
	{"internal/ui"},
	{"internal/atomicfile", "internal/csvlist"},
	{"hygiene"},
	{"hygiene/provider"},
	{"hygiene/ruletest"},
	{"segments"},
	{"segments/destination"},
	{"segments/destination/local", "segments/destination/sftp"},
	{"internal/sendlog", "internal/yamldoc"},
	{"store", "internal/config", "internal/schedule", "internal/receiver", "internal/console"},
	{"internal/lint", "internal/testfile"},
	{"internal/app"},
	{"internal/apptest"},
	{"internal/explain", "internal/report", "internal/scrub", "internal/impact", "internal/exports"},
	{"internal/imports", "internal/status"},
	{"internal/daemon"},
	{"internal/demo"},
	{"internal/command"},
	{"."},
}

// homes says which rooms, or single files, a package is imported in. Beside the
// third-party packages it has those of the standard library that have one home.
var homes = map[string][]string{
	"database/sql":                          {"store"},
	"github.com/mattn/go-sqlite3":           {"store"},
	"gopkg.in/yaml.v3":                      {"internal/yamldoc"},
	"go.yaml.in/yaml/v4":                    {"internal/yamldoc"},
	"github.com/rogpeppe/go-internal/txtar": {"internal/yamldoc"}, // its cases for tests
	"github.com/robfig/cron/v3":             {"internal/schedule"},
	"github.com/gorilla/mux":                {"internal/receiver", "internal/console"},
	"golang.org/x/sync":                     {"internal/receiver"},
	"golang.org/x/sys":                      {"internal/atomicfile", "segments/destination/local"},
	"golang.org/x/term":                     {"internal/ui"},
	"github.com/prometheus":                 {"internal/console"},
	"github.com/alecthomas/kong":            {"internal/command"},
	"github.com/nyaruka/phonenumbers":       {"hygiene/phone.go"},
	"github.com/pkg/sftp":                   {"segments/destination/sftp"},
	"golang.org/x/crypto":                   {"segments/destination/sftp"},
}

// homesOfTests are further homes, for test files: a test may read what it holds
// to account.
var homesOfTests = map[string][]string{
	"github.com/rogpeppe/go-internal/testscript": {"internal/command"},
	"github.com/santhosh-tekuri/jsonschema/v6":   {"internal/config", "internal/console"},
	"gopkg.in/yaml.v3":                           {"internal/config", "internal/console", "hygiene/provider"},
}

// topLevel is what the top level may hold, beside what git is told to ignore.
var topLevel = []string{
	"main.go", "hygiene", "segments", "store", "internal",
	"config.example.yaml", "Dockerfile", ".dockerignore", "go.mod", "go.sum",
	"README.md", "LICENSE", "CHANGELOG.md", ".ci", ".git", ".gitignore",
}

// roomOf is the room a folder belongs to; empty for none.
func roomOf(dir string) string {
	if dir == "." {
		return dir
	}
	for room := dir; room != "."; room = path.Dir(room) {
		if floorOf(room) >= 0 {
			return room
		}
	}
	return ""
}

func floorOf(room string) int {
	return slices.IndexFunc(floors, func(rooms []string) bool { return slices.Contains(rooms, room) })
}

func TestRoomsImportAgainstNoOrder(t *testing.T) {
	hold(t, importsDownwards, map[string]string{
		"hygiene/a.go":                         `package hygiene; import "winnow/segments"`,
		"hygiene/b.go":                         `package hygiene; import "winnow/hygiene/provider"`,
		"segments/a_test.go":                   `package segments_test; import "winnow/internal/config"`,
		"segments/a.go":                        `package segments; import "winnow/segments/destination"`,
		"segments/destination/a.go":            `package destination; import "winnow/segments/destination/sftp"`,
		"segments/destination/local/a_test.go": `package local; import "winnow/segments/destination/sftp"`,
		"store/a.go":                           `package store; import "winnow/internal/config"`,
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
	room := s.room()
	if room == "" && s.dir() != "internal" {
		return []string{s.path + ": this room has no place in the order of floors: give it one, or put the file where it belongs"}
	}
	for name, node := range s.imports() {
		other, ours := strings.CutPrefix(name+"/", module+"/")
		if !ours {
			continue
		}
		other = roomOf(path.Clean(other))
		if other != room && floorOf(other) >= floorOf(room) && !(s.test() && tests(room, other)) {
			wrong = append(wrong, s.at(node)+room+" must not import "+other+": imports run downwards; declare the interface here and let command pass it in")
		}
	}
	return wrong
}

// tests reports whether the tests of a room may use another of a higher floor:
// what lies in its own folder, the store, which is real in tests, and what tests
// share.
func tests(room, other string) bool {
	return strings.HasPrefix(other, room+"/") || other == "store" && floorOf(room) > floorOf("hygiene/provider") || other == "internal/apptest"
}

func TestEachThirdPartyPackageHasOneHome(t *testing.T) {
	hold(t, importsAtHome, map[string]string{
		"hygiene/a.go":              `package hygiene; import "github.com/nyaruka/phonenumbers"`,
		"segments/destination/a.go": `package destination; import "github.com/pkg/sftp"`,
		"internal/command/a.go":     `package command; import "github.com/mattn/go-sqlite3"`,
		"internal/console/a.go":     `package console; import "database/sql/driver"`,
		"internal/receiver/a.go":    `package receiver; import "github.com/prometheus/client_golang/prometheus"`,
		"store/a.go":                `package store; import "example.org/new"`,
		"internal/command/b.go":     `package command; import "github.com/rogpeppe/go-internal/testscript"`,
		"internal/config/yaml/a.go": `package yaml; import "gopkg.in/yaml.v2"`,
		"internal/config/a.go":      `package config; import "gopkg.in/yaml.v3"`,
		"main.go":                   `package main; import "github.com/alecthomas/kong"`,
	})
}

func importsAtHome(s *source) (wrong []string) {
	for name, node := range s.imports() {
		rooms, known := homeOf(name, homes)
		if s.test() {
			more, alsoKnown := homeOf(name, homesOfTests)
			rooms, known = slices.Concat(rooms, more), known || alsoKnown
		}
		switch first, _, _ := strings.Cut(name, "/"); {
		case first == module, !known && !strings.Contains(first, "."):
		case !known:
			wrong = append(wrong, s.at(node)+name+" has no home: say in homes which room it is for, or do without it")
		case !slices.Contains(rooms, s.room()) && !slices.Contains(rooms, s.path):
			wrong = append(wrong, s.at(node)+name+" is imported in "+strings.Join(rooms, " and ")+" only")
		}
	}
	return wrong
}

// homeOf looks for the package, or for what it is part of.
func homeOf(name string, in map[string][]string) ([]string, bool) {
	for ; name != "."; name = path.Dir(name) {
		if rooms, ok := in[name]; ok {
			return rooms, true
		}
	}
	return nil, false
}

func TestHygieneIsPure(t *testing.T) {
	hold(t, knowsNoWorld, map[string]string{
		"hygiene/clock.go":         `package hygiene; import "time"; var now = time.Now()`,
		"hygiene/provider/file.go": `package provider; import "os"`,
		"hygiene/dice.go":          `package hygiene; import "math/rand/v2"`,
	})
}

// knowsNoWorld holds hygiene to: no clock, no I/O, no chance.
func knowsNoWorld(s *source) (wrong []string) {
	if s.test() || !strings.HasPrefix(s.path, "hygiene/") {
		return nil
	}
	for name, node := range s.imports() {
		if first, _, _ := strings.Cut(name, "/"); slices.Contains([]string{"os", "net", "log", "syscall"}, first) || strings.HasPrefix(name, "math/rand") || name == "io/ioutil" {
			wrong = append(wrong, s.at(node)+"hygiene must not import "+name+": it knows no clock, no I/O and no chance")
		}
	}
	ast.Inspect(s.tree, func(n ast.Node) bool {
		if call, ok := n.(*ast.SelectorExpr); ok && isClock(call) {
			wrong = append(wrong, s.at(n)+"hygiene must not use time."+call.Sel.Name+": the time is given to it")
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

func TestSQLStandsInTheStoreOnly(t *testing.T) {
	hold(t, speaksNoSQL, map[string]string{
		"internal/console/a.go": "package console; const q = `\n\tselect count(*)\n\tFROM events`",
		"internal/command/b.go": `package command; const q = "DELETE FROM events"`,
		"internal/command/c.go": `package command; var q = "PRAGMA " + "synchronous"`,
		"internal/command/d.go": `package command; var q = "UPDATE jobs SET at = ?"`,
		"internal/command/e.go": `package command; var q = "insert or ignore into jobs values (1)"`,
		"segments/f.go":         `package segments; var q = "CREATE TABLE t (a)"`,
	})
	err := walk(func(name string) error {
		if path.Ext(name) == ".sql" && roomOf(path.Dir(name)) != "store" {
			t.Errorf("%s: SQL stands in the store only", name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// sql is how statements begin. What people write begins otherwise, or goes on
// otherwise: "update the config" is no statement.
var sql = regexp.MustCompile(`(?is)^\s*(` + strings.Join([]string{
	`select\s.+\sfrom\s+\w`, `select\s+(count|max|min|coalesce)\(`, `insert\s+(or\s+\w+\s+)?into\s+\w`, `replace\s+into\s+\w`,
	`update\s+\w+\s+set\s`, `delete\s+from\s+\w+(\s*$|\s*;|\s+where\s)`, `create\s+(temp\w*\s+|unique\s+|virtual\s+)?(table|index|view|trigger)\s`,
	`(alter|drop)\s+(table|index)\s`, `pragma\s`, `begin\s+(immediate|exclusive)`, `vacuum\s+into`, `with\s+(recursive\s+)?\w+(\s*\([^)]*\))?\s+as\s*\(`,
}, "|") + `)`)

func speaksNoSQL(s *source) (wrong []string) {
	if s.room() == "store" || s.test() {
		return nil
	}
	ast.Inspect(s.tree, func(n ast.Node) bool {
		literal, ok := n.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return true
		}
		if text, err := strconv.Unquote(literal.Value); err == nil && sql.MatchString(text) {
			wrong = append(wrong, s.at(n)+"SQL stands in the store only: give the store a function that says what is wanted")
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
			t.Errorf("%s does not belong at the top level: what the product is stands there, what makes it a daemon is under internal", e.Name())
		}
	}
	for _, stranger := range []string{"pkg", "cmd", "docs", "util.go", "Makefile", ".github"} {
		if belongsAtTop(stranger, ignored) {
			t.Errorf("%s would not be noticed at the top level", stranger)
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

// ignoredAtTop are the patterns by which git ignores what a daemon started here
// leaves at the top level.
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

func TestMainIsOnlyTheWayIn(t *testing.T) {
	all, err := sources()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if s.dir() != "." {
			continue
		}
		if s.path != "main.go" || s.lines > 60 {
			t.Errorf("%s has %d lines: the top level has main.go, of 60 lines at most", s.path, s.lines)
		}
		for name := range s.imports() {
			if other, ours := strings.CutPrefix(name, module+"/"); ours && other != "internal/command" {
				t.Errorf("%s imports %s: command wires the rooms", s.path, other)
			}
		}
	}
}
