package yamldoctest

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write what the cases in testdata expect")

// Case is an archive (txtar) of two files: a text, and what is reported about it. If
// the name of the first ends in :noeol, the text has no newline at its end, which the
// format of archives cannot show.
type Case struct {
	Name string // of the archive, without directory and extension
	Text []byte

	file    string
	archive *txtar.Archive
}

// Cases reads the archives of a directory, which must have at least one.
func Cases(t testing.TB, folder string) []Case {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases in %s: %v", folder, err)
	}
	var list []Case
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if len(archive.Files) != 2 {
			t.Fatalf("%s has %d files, not two", file, len(archive.Files))
		}
		text := archive.Files[0].Data
		if strings.HasSuffix(archive.Files[0].Name, ":noeol") {
			text = bytes.TrimSuffix(text, []byte("\n"))
		}
		list = append(list, Case{strings.TrimSuffix(filepath.Base(file), ".txtar"), text, file, archive})
	}
	return list
}

// Expect compares what is reported about the text with what the case expects. The
// flag -update writes it to the case instead.
func (c *Case) Expect(t *testing.T, got string) {
	t.Helper()
	want := &c.archive.Files[1].Data
	if got == string(*want) {
		return
	}
	if !*update {
		t.Errorf("%s\ngot:\n%s\nexpected:\n%s", c.file, got, *want)
		return
	}
	*want = []byte(got)
	if err := os.WriteFile(c.file, txtar.Format(c.archive), 0o644); err != nil {
		t.Fatal(err)
	}
}
