package sqlite

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// rowsOf are the rows of a query, as text.
func rowsOf(t *testing.T, c *conn, sql string) (rows [][]string) {
	t.Helper()
	r := c.query(sql)
	for r.Next() {
		var row []string
		for _, v := range r.dest {
			row = append(row, fmt.Sprint(v))
		}
		rows = append(rows, row)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return rows
}

// shapes describes the tables and indexes of a connection, by name.
func shapes(t *testing.T, c *conn) map[string]string {
	t.Helper()
	shape := map[string]string{}
	list := func(sql string) [][]string { return rowsOf(t, c, sql) }
	for _, table := range list("SELECT name, wr, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%'") {
		var lines []string
		for _, column := range list("SELECT name, type, \"notnull\", dflt_value, pk FROM pragma_table_info('" + table[0] + "') ORDER BY cid") {
			lines = append(lines, strings.Join(column, " "))
		}
		for _, key := range list("SELECT \"table\", \"from\", \"to\" FROM pragma_foreign_key_list('" + table[0] + "')") {
			lines = append(lines, "references "+strings.Join(key, " "))
		}
		for _, index := range list("SELECT name, \"unique\", origin, partial FROM pragma_index_list('" + table[0] + "')") {
			lines = append(lines, "index "+strings.Join(index, " "))
			for _, column := range list("SELECT name FROM pragma_index_info('" + index[0] + "') ORDER BY seqno") {
				lines = append(lines, "  "+column[0])
			}
		}
		shape["table "+table[0]] = strings.Join(table, " ") + "\n" + strings.Join(lines, "\n")
	}
	for _, index := range list("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL") {
		_, where, _ := strings.Cut(index[1], "WHERE")
		shape["index "+index[0]] = strings.Join(strings.Fields(where), " ")
	}
	return shape
}

func memory(t *testing.T) *conn {
	t.Helper()
	c, err := openConn(":memory:")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.close() })
	return c
}

// contents describes the rows of a connection's tables, by table.
func contents(t *testing.T, c *conn, shapes map[string]string) map[string]string {
	t.Helper()
	of := map[string]string{}
	for name := range shapes {
		if table, ok := strings.CutPrefix(name, "table "); ok {
			of[table] = fmt.Sprint(rowsOf(t, c, "SELECT * FROM "+table))
		}
	}
	return of
}

func TestANewFileIsWhatTheMigrationsMake(t *testing.T) {
	objects := 0
	for _, file := range []string{"events", "roster"} {
		steps, err := schemaFiles(file)
		if err != nil {
			t.Fatal(err)
		}
		current, migrated := memory(t), memory(t)
		if err := migrate(current, file); err != nil {
			t.Fatal(err)
		}
		if err := migrateBy(migrated, steps, 0); err != nil {
			t.Fatal(err)
		}
		want, got := shapes(t, migrated), shapes(t, current)
		for name := range want {
			if got[name] != want[name] {
				t.Errorf("%s: the migrations make\n%s\nand current-%s.sql\n%s", name, want[name], file, got[name])
			}
		}
		for name := range got {
			if _, ok := want[name]; !ok {
				t.Errorf("the migrations lack %s, which current-%s.sql has", name, file)
			}
		}
		if want, got := contents(t, migrated, want), contents(t, current, got); !maps.Equal(got, want) {
			t.Errorf("the migrations make the rows\n%v\nand current-%s.sql\n%v", want, file, got)
		}
		for _, c := range []*conn{current, migrated} {
			if version, err := c.number("PRAGMA user_version"); err != nil || int(version) != len(steps) {
				t.Errorf("%s: the version is %d and not %d (%v)", file, version, len(steps), err)
			}
		}
		objects += len(got)
	}
	if objects < 25 {
		t.Errorf("there are only %d tables and indexes", objects)
	}
}

// functions names the functions of the package in the folder, those of types as
// Type.Name.
func functions(t *testing.T, folder string) (names []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range tree.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			name := f.Name.Name
			if f.Recv != nil {
				of := f.Recv.List[0].Type
				if star, ok := of.(*ast.StarExpr); ok {
					of = star.X
				}
				name = of.(*ast.Ident).Name + "." + name
			} else {
				names = append(names, tree.Name.Name+"."+name)
			}
			names = append(names, name)
		}
	}
	return names
}

func TestEveryTableNamesWhoWritesIt(t *testing.T) {
	var text string
	for _, file := range []string{"events", "roster"} {
		of, err := schema.ReadFile("schema/current-" + file + ".sql")
		if err != nil {
			t.Fatal(err)
		}
		text += string(of)
	}
	known := functions(t, "..")
	inside, err := filepath.Glob("../*")
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range inside {
		known = append(known, functions(t, folder)...)
	}
	writer := regexp.MustCompile(`\b[a-zA-Z]+\.[a-zA-Z]+\b|\b(?:save|set|put|insert|update|delete|replace)[A-Z][a-zA-Z]*\b`)
	comment, tables := "", 0
	for line := range strings.Lines(text) {
		switch {
		case strings.HasPrefix(line, "--"):
			comment += strings.TrimPrefix(strings.TrimSpace(line), "--")
		case strings.HasPrefix(line, "CREATE TABLE"):
			tables++
			_, by, ok := strings.Cut(comment, "Written by ")
			named := writer.FindAllString(by, -1)
			if !ok || len(named) == 0 {
				t.Errorf("%s: the comment does not say who writes it", strings.TrimSpace(line))
			}
			for _, name := range named {
				if !slices.Contains(known, name) {
					t.Errorf("%s: there is no %s", strings.TrimSpace(line), name)
				}
			}
			fallthrough
		default:
			comment = ""
		}
	}
	if tables < 20 {
		t.Errorf("%d tables were read", tables)
	}
}

func TestWhatWinnowMakesIsInTheNewestSchema(t *testing.T) {
	for _, file := range []string{"events", "roster"} {
		steps, err := schemaFiles(file)
		if err != nil {
			t.Fatal(err)
		}
		made, err := objectsMade(steps)
		if err != nil || len(made) == 0 {
			t.Fatal(made, err)
		}
		for _, o := range made {
			if !slices.Contains(objectsToday(), o) {
				t.Errorf("the %s %s is not in the current schema", o.kind, o.name)
			}
		}
	}
}
