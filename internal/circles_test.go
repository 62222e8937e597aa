package internal

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/tools/go/packages"
)

// largestCircle is how many files of a package may refer to each other in a circle:
// such files can only be understood together.
const largestCircle = 10

func TestFilesReferToEachOtherInSmallCircles(t *testing.T) {
	for _, p := range typed(t) {
		if circle := largest(circles(references(p.Fset, p.Syntax, p.TypesInfo, p.Types))); len(circle) > largestCircle {
			t.Errorf("%s: %d files refer to each other in a circle: %s; find what is below the others, and make it refer to none of them", p.PkgPath, len(circle), strings.Join(circle, ", "))
		}
	}
	if circle := largest(circles(map[string][]string{"a.go": {"b.go"}, "b.go": {"c.go", "d.go"}, "c.go": {"a.go"}, "d.go": nil})); len(circle) != 3 {
		t.Errorf("a circle of three files is taken for %q", circle)
	}
}

var load = sync.OnceValues(func() ([]*packages.Package, error) {
	return packages.Load(&packages.Config{Dir: "..", Mode: packages.LoadSyntax}, "./...")
})

// typed are all packages, with their types and without their tests.
func typed(t *testing.T) []*packages.Package {
	t.Helper()
	loaded, err := load()
	if err != nil {
		t.Fatal(err)
	}
	if len(loaded) < 10 {
		t.Fatalf("only %d packages were found; the test looks in the wrong place", len(loaded))
	}
	for _, p := range loaded {
		for _, e := range p.Errors {
			t.Error(e)
		}
	}
	return loaded
}

// references are the files that each file of a package refers to, by the objects
// that its identifiers mean.
func references(files *token.FileSet, trees []*ast.File, info *types.Info, of *types.Package) map[string][]string {
	fileOf := func(pos token.Pos) string { return filepath.Base(files.Position(pos).Filename) }
	to := map[string][]string{}
	for _, tree := range trees {
		from := fileOf(tree.Pos())
		to[from] = nil
		ast.Inspect(tree, func(n ast.Node) bool {
			id, ok := n.(*ast.Ident)
			if !ok {
				return true
			}
			if object := info.Uses[id]; object != nil && object.Pkg() == of && object.Pos().IsValid() {
				if other := fileOf(object.Pos()); other != from && !slices.Contains(to[from], other) {
					to[from] = append(to[from], other)
				}
			}
			return true
		})
	}
	return to
}

// circles are the strongly connected components of a graph, by Tarjan's algorithm.
func circles(to map[string][]string) (found [][]string) {
	index, low, on := map[string]int{}, map[string]int{}, map[string]bool{}
	var stack []string
	var visit func(string)
	visit = func(v string) {
		index[v] = len(index) + 1
		low[v] = index[v]
		stack, on[v] = append(stack, v), true
		for _, w := range to[v] {
			if index[w] == 0 {
				visit(w)
				low[v] = min(low[v], low[w])
			} else if on[w] {
				low[v] = min(low[v], index[w])
			}
		}
		if low[v] < index[v] {
			return
		}
		at := slices.Index(stack, v)
		circle := slices.Clone(stack[at:])
		for _, w := range circle {
			on[w] = false
		}
		stack = stack[:at]
		slices.Sort(circle)
		found = append(found, circle)
	}
	for v := range to {
		if index[v] == 0 {
			visit(v)
		}
	}
	return found
}

func largest(of [][]string) (circle []string) {
	for _, c := range of {
		if len(c) > len(circle) {
			circle = c
		}
	}
	return circle
}

func TestNoPackageIsTooBig(t *testing.T) {
	all, err := sources()
	if err != nil {
		t.Fatal(err)
	}
	files, lines := map[string]int{}, map[string]int{}
	for _, s := range all {
		if !s.test() {
			files[s.dir()]++
			lines[s.dir()] += s.lines
		}
	}
	for dir := range files {
		if most := biggest(dir); files[dir] > most.files || lines[dir] > most.lines {
			t.Errorf("%s has %d files and %d lines, at most %d and %d; it has two subjects, find them", dir, files[dir], lines[dir], most.files, most.lines)
		}
	}
}

type size struct{ files, lines int }

// biggest is how big a package may be. The store is one package, because its tables
// are written together in one transaction: a split by table would export the writer
// to all parts. The engine is one package, because a contact and a number are judged,
// replayed and packed by the same functions, which nothing else may call.
func biggest(dir string) size {
	switch dir {
	case "store":
		return size{84, 12100}
	case "hygiene":
		return size{48, 7300}
	case "internal/command":
		return size{61, 4250}
	}
	return size{40, 5000}
}

func TestACommandIsThin(t *testing.T) {
	enforce(t, thin, map[string]string{
		"internal/command/long.go":     "package command\n" + strings.Repeat("\n", longestCommand),
		"internal/command/exported.go": "package command\n\n// Domain is for others.\ntype Domain struct{}",
	})
}

// longestCommand is how many lines a file of the command line may have.
const longestCommand = 200

func thin(s *source) (wrong []string) {
	if s.dir() != "internal/command" || s.test() {
		return nil
	}
	if s.lines > longestCommand {
		wrong = append(wrong, fmt.Sprintf("%s: %d lines: a subcommand parses its flags, calls one function of another package and prints; move the rest there", s.path, s.lines))
	}
	for _, decl := range s.tree.Decls {
		for _, name := range declared(decl) {
			if name.IsExported() && name.Name != "Main" && name.Name != "Process" {
				wrong = append(wrong, s.at(name)+name.Name+": only main imports command, so this belongs in another package")
			}
		}
	}
	return wrong
}

// declared are the names that a declaration gives to the package.
func declared(decl ast.Decl) (names []*ast.Ident) {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			names = append(names, d.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				names = append(names, s.Name)
			case *ast.ValueSpec:
				names = append(names, s.Names...)
			}
		}
	}
	return names
}
