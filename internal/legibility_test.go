package internal

import (
	"go/ast"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// longest is how many lines a Go file may have that is no test.
const longest = 420

func TestNoFileIsNamedAfterNothing(t *testing.T) {
	hold(t, namedForWhatItHolds, map[string]string{
		"store/util.go":                `package store`,
		"store/test_helpers_test.go":   `package store`,
		"internal/command/common.go":   `package command`,
		"hygiene/rule_manager.go":      `package hygiene`,
		"internal/config/misc/line.go": `package misc`,
	})
}

var emptyWords = []string{"util", "utils", "helper", "helpers", "common", "misc", "manager", "service"}

func namedForWhatItHolds(s *source) (wrong []string) {
	for word := range strings.FieldsFuncSeq(strings.TrimSuffix(s.path, ".go"), func(r rune) bool { return r == '/' || r == '_' }) {
		if slices.Contains(emptyWords, strings.ToLower(word)) {
			wrong = append(wrong, s.path+": "+word+" says nothing: name the file after what it holds")
		}
	}
	return wrong
}

func TestNoFileIsTooLongToRead(t *testing.T) {
	hold(t, shortEnough, map[string]string{
		"store/long.go": "package store\n" + strings.Repeat("\n", longest),
	})
}

func shortEnough(s *source) []string {
	if s.test() || s.lines <= longest {
		return nil
	}
	return []string{s.path + ": " + strconv.Itoa(s.lines) + " lines are more than " + strconv.Itoa(longest) + ": it holds two things, find them"}
}

func TestEveryExportedNameIsExplained(t *testing.T) {
	hold(t, explained, map[string]string{
		"store/a.go": `package store; func Open() {}`,
		"store/b.go": `package store; type Store struct{}`,
		"store/c.go": "package store\n\ntype store struct{}\n\nconst A, b = 1, 2",
		"store/d.go": "package store\n\n// T is a thing.\ntype T struct{}\n\nfunc (*T) Do() {}",
		"store/e.go": "package store\n\n// G is generic.\ntype G[K any] struct{}\n\nfunc (*G[K]) Do() {}",
	})
}

func explained(s *source) (wrong []string) {
	if s.test() {
		return nil
	}
	tell := func(name *ast.Ident, docs ...*ast.CommentGroup) {
		if name.IsExported() && !slices.ContainsFunc(docs, func(d *ast.CommentGroup) bool { return d != nil }) {
			wrong = append(wrong, s.at(name)+name.Name+" is exported and not explained")
		}
	}
	for _, decl := range s.tree.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if isReachable(d) {
				tell(d.Name, d.Doc)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch v := spec.(type) {
				case *ast.TypeSpec:
					tell(v.Name, v.Doc, v.Comment, d.Doc)
				case *ast.ValueSpec:
					for _, name := range v.Names {
						tell(name, v.Doc, v.Comment, d.Doc)
					}
				}
			}
		}
	}
	return wrong
}

// isReachable tells whether others can name the function: a method of a type
// that they can't name is not for them, and what an error's own methods mean is
// said by package errors.
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

func TestEveryRoomTellsItsIdea(t *testing.T) {
	all, err := sources()
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]bool{}
	for _, s := range all {
		if !s.test() {
			told[s.dir()] = told[s.dir()] || s.tree.Doc != nil
		}
	}
	for dir, ok := range told {
		if !ok {
			t.Errorf("%s: the package has no comment that tells its idea", dir)
		}
	}
}

func TestNothingIsLeftForLater(t *testing.T) {
	hold(t, finished, map[string]string{
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
			wrong = append(wrong, s.at(group)+"a comment puts something off: do it, or write down why it is not done")
		}
	}
	ast.Inspect(s.tree, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok && literal.Value == `"not implemented"` {
			wrong = append(wrong, s.at(n)+"something is not implemented: do it, or take its name away")
		}
		return true
	})
	return wrong
}
