package internal

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// source is one Go file.
type source struct {
	path  string // from the top level, with slashes
	lines int
	files *token.FileSet
	tree  *ast.File
}

func (s *source) dir() string { return path.Dir(s.path) }
func (s *source) test() bool  { return strings.HasSuffix(s.path, "_test.go") }
func (s *source) pkg() string { return packageOf(s.dir()) }

// at says where a node is.
func (s *source) at(n ast.Node) string {
	return s.path + ":" + strconv.Itoa(s.files.Position(n.Pos()).Line) + ": "
}

func (s *source) imports() map[string]ast.Node {
	all := map[string]ast.Node{}
	for _, spec := range s.tree.Imports {
		if name, err := strconv.Unquote(spec.Path.Value); err == nil {
			all[name] = spec
		}
	}
	return all
}

func parse(name string, text []byte) (*source, error) {
	s := &source{path: name, files: token.NewFileSet(), lines: strings.Count(string(text), "\n")}
	var err error
	s.tree, err = parser.ParseFile(s.files, name, text, parser.ParseComments|parser.SkipObjectResolution)
	return s, err
}

// sources are all Go files.
var sources = sync.OnceValues(func() (all []*source, err error) {
	err = walk(func(name string) error {
		if path.Ext(name) != ".go" {
			return nil
		}
		text, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			return err
		}
		s, err := parse(name, text)
		all = append(all, s)
		return err
	})
	return all, err
})

// walk visits all files except for those that Go ignores.
func walk(visit func(name string) error) error {
	return fs.WalkDir(os.DirFS(".."), ".", func(name string, d fs.DirEntry, err error) error {
		switch hidden := name != "." && strings.ContainsAny(d.Name()[:1], "._"); {
		case err != nil:
			return err
		case d.IsDir() && (hidden || d.Name() == "testdata"):
			return fs.SkipDir
		case d.IsDir() || hidden:
			return nil
		}
		return visit(name)
	})
}

// check reports what is wrong in one file.
type check func(s *source) []string

// enforce runs a check on every file, and on violations that it must report.
func enforce(t *testing.T, c check, violations map[string]string) {
	t.Helper()
	all, err := sources()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 20 {
		t.Fatalf("only %d files were found; the test looks in the wrong place", len(all))
	}
	for _, s := range all {
		for _, wrong := range c(s) {
			t.Error(wrong)
		}
	}
	for name, text := range violations {
		s, err := parse(name, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if c(s) == nil {
			t.Errorf("the check does not report %s:\n%s", name, text)
		}
	}
}
