package sqlite

import (
	"path/filepath"
	"testing"
)

func TestEveryConnectionHasItsPragmas(t *testing.T) {
	path := filepath.Join(t.TempDir(), "winnow.db")
	c, err := connect(path, writing)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	if _, err := c.text("PRAGMA synchronous = 1"); err != nil {
		t.Fatal(err)
	}
	for name, want := range pragmas[writing] {
		if got, err := c.text("PRAGMA " + name); err != nil || (got == want) == (name == "synchronous") {
			t.Errorf("%s is %s, %v", name, got, err)
		}
	}
	if r, err := connect(path, reading); err != nil || r.exec("CREATE TABLE t (a)") == nil {
		t.Errorf("a connection that reads can write, %v", err)
	} else {
		r.close()
	}
}
