package internal

import (
	"go/ast"
	"go/types"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

// docLink is a link of a doc comment: a name, or names with a dot between.
var docLink = regexp.MustCompile(`\[\*?([A-Za-z_]\w*(?:[./][A-Za-z_]\w*)*)\]`)

func TestLinksOfCommentsLeadSomewhere(t *testing.T) {
	links := 0
	for _, p := range typed(t) {
		for _, file := range p.Syntax {
			for _, link := range docLinks(file) {
				links++
				if !leadsSomewhere(p, file, link.name) {
					t.Errorf("%s: [%s] names nothing that this file can name; was it renamed?", p.Fset.Position(link.pos.Pos()), link.name)
				}
			}
		}
	}
	if links < 100 {
		t.Errorf("only %d links were found", links)
	}
}

// isExportedName reports whether a link means a Go object, by the capital letter that
// begins one of its names.
func isExportedName(link string) bool {
	return slices.ContainsFunc(strings.FieldsFunc(link, func(r rune) bool { return r == '.' || r == '/' }), ast.IsExported)
}

type linkIn struct {
	pos  ast.Node
	name string
}

// docLinks are the links of a file's doc comments. What is indented is not text.
func docLinks(file *ast.File) (found []linkIn) {
	for _, group := range file.Comments {
		for _, c := range group.List {
			for line := range strings.Lines(strings.TrimPrefix(c.Text, "//")) {
				if strings.HasPrefix(line, "\t") {
					continue
				}
				for _, m := range docLink.FindAllStringSubmatch(line, -1) {
					if isExportedName(m[1]) {
						found = append(found, linkIn{c, m[1]})
					}
				}
			}
		}
	}
	return found
}

// leadsSomewhere reports whether a link names an object of the package, or of one that
// the file can name.
func leadsSomewhere(p *packages.Package, file *ast.File, name string) bool {
	parts := strings.Split(name[strings.LastIndexByte(name, '/')+1:], ".")
	scopes := []*types.Scope{p.Types.Scope()}
	if strings.ToLower(parts[0]) == parts[0] { // a package
		scopes = nil
		for _, imported := range p.Types.Imports() {
			if imported.Name() == parts[0] || slices.ContainsFunc(file.Imports, func(s *ast.ImportSpec) bool {
				return s.Name != nil && s.Name.Name == parts[0] && strings.Trim(s.Path.Value, `"`) == imported.Path()
			}) {
				scopes = append(scopes, imported.Scope())
			}
		}
		if len(scopes) == 0 {
			return false
		}
		if parts = parts[1:]; len(parts) == 0 {
			return true
		}
	}
	return slices.ContainsFunc(scopes, func(s *types.Scope) bool {
		object := s.Lookup(parts[0])
		if object == nil || len(parts) == 1 {
			return object != nil
		}
		member, _, _ := types.LookupFieldOrMethod(object.Type(), true, object.Pkg(), parts[1])
		return member != nil
	})
}
