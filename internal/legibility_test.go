package internal

import (
	"fmt"
	"go/ast"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// longestFunction is how many lines a function may have: one long straight story.
const longestFunction = 80

// longestFile is how many lines a Go file may have, tests apart.
const longestFile = 400

func TestFileNamesSayWhatIsInThem(t *testing.T) {
	enforce(t, namedByContents, map[string]string{
		"store/util.go":                `package store`,
		"store/test_helpers_test.go":   `package store`,
		"internal/command/common.go":   `package command`,
		"hygiene/rule_manager.go":      `package hygiene`,
		"internal/config/misc/line.go": `package misc`,
	})
}

var emptyWords = []string{"util", "utils", "helper", "helpers", "common", "misc", "manager", "service"}

func namedByContents(s *source) (wrong []string) {
	for word := range strings.FieldsFuncSeq(strings.TrimSuffix(s.path, ".go"), func(r rune) bool { return r == '/' || r == '_' }) {
		if slices.Contains(emptyWords, strings.ToLower(word)) {
			wrong = append(wrong, s.path+": the name "+word+" says nothing; name the file after its contents")
		}
	}
	return wrong
}

func TestNoFileIsTooLong(t *testing.T) {
	enforce(t, notTooLong, map[string]string{
		"store/long.go": "package store\n" + strings.Repeat("\n", longestFile),
	})
}

func notTooLong(s *source) []string {
	if s.test() || s.lines <= longestFile {
		return nil
	}
	return []string{s.path + fmt.Sprintf(": %d lines, at most %d; it has two subjects, find them", s.lines, longestFile)}
}

func TestNoFunctionIsTooLong(t *testing.T) {
	enforce(t, functionsNotTooLong, map[string]string{
		"store/long.go": "package store\n\nfunc long() {\n" + strings.Repeat("\n", longestFunction) + "}",
	})
}

func functionsNotTooLong(s *source) (wrong []string) {
	if s.test() {
		return nil
	}
	for _, decl := range s.tree.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok {
			continue
		}
		if lines := s.files.Position(f.End()).Line - s.files.Position(f.Pos()).Line + 1; lines > longestFunction {
			wrong = append(wrong, fmt.Sprintf("%s%s has %d lines, at most %d; find the functions in it", s.at(f), f.Name.Name, lines, longestFunction))
		}
	}
	return wrong
}

func TestEveryExportedNameHasAComment(t *testing.T) {
	enforce(t, commented, map[string]string{
		"store/a.go": `package store; func Open() {}`,
		"store/b.go": `package store; type Store struct{}`,
		"store/c.go": "package store\n\ntype store struct{}\n\nconst A, b = 1, 2",
		"store/d.go": "package store\n\n// T is a thing.\ntype T struct{}\n\nfunc (*T) Do() {}",
		"store/e.go": "package store\n\n// G is generic.\ntype G[K any] struct{}\n\nfunc (*G[K]) Do() {}",
	})
}

func commented(s *source) (wrong []string) {
	if s.test() {
		return nil
	}
	report := func(name *ast.Ident, docs ...*ast.CommentGroup) {
		if name.IsExported() && !slices.ContainsFunc(docs, func(d *ast.CommentGroup) bool { return d != nil }) {
			wrong = append(wrong, s.at(name)+name.Name+" is exported and has no comment")
		}
	}
	for _, decl := range s.tree.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if isReachable(d) {
				report(d.Name, d.Doc)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch v := spec.(type) {
				case *ast.TypeSpec:
					report(v.Name, v.Doc, v.Comment, d.Doc)
				case *ast.ValueSpec:
					for _, name := range v.Names {
						report(name, v.Doc, v.Comment, d.Doc)
					}
				}
			}
		}
	}
	return wrong
}

// isReachable reports whether other packages can name the function. They can't name
// the methods of an unexported type, and package errors says what an error's methods
// mean.
func isReachable(f *ast.FuncDecl) bool {
	if f.Recv == nil {
		return true
	}
	if slices.Contains([]string{"Error", "Unwrap", "Is"}, f.Name.Name) {
		return false
	}
	of := f.Recv.List[0].Type
	for {
		switch t := of.(type) {
		case *ast.StarExpr:
			of = t.X
		case *ast.IndexExpr:
			of = t.X
		case *ast.IndexListExpr:
			of = t.X
		case *ast.Ident:
			return t.IsExported()
		default:
			return false
		}
	}
}

func TestEveryPackageHasAComment(t *testing.T) {
	all, err := sources()
	if err != nil {
		t.Fatal(err)
	}
	has := map[string]bool{}
	for _, s := range all {
		if !s.test() {
			has[s.dir()] = has[s.dir()] || s.tree.Doc != nil
		}
	}
	for dir, ok := range has {
		if !ok {
			t.Errorf("%s: the package has no comment that explains its idea", dir)
		}
	}
}

func TestNothingIsUnfinished(t *testing.T) {
	enforce(t, finished, map[string]string{
		"store/a.go": "package store\n\n// TODO: the rest",
		"store/b.go": "package store\n\nfunc f() { panic(\"not implemented\") }",
	})
}

var later = regexp.MustCompile(`\b(TODO|FIXME|XXX|HACK)\b`)

func finished(s *source) (wrong []string) {
	if s.dir() == "internal" {
		return nil
	}
	for _, group := range s.tree.Comments {
		if later.MatchString(group.Text()) {
			wrong = append(wrong, s.at(group)+"a comment defers something; do it, or write why it is not done")
		}
	}
	ast.Inspect(s.tree, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok && literal.Value == `"not implemented"` {
			wrong = append(wrong, s.at(n)+"something is not implemented; implement or remove it")
		}
		return true
	})
	return wrong
}
