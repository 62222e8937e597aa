package app_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"winnow/internal/app"
	"winnow/store/postgres/pgtest"
)

// What stays on a host has its place before a daemon needs it.
func TestTheFolderOfAStoreOnAServerIsMade(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "winnow.yaml")
	if err := os.WriteFile(path, fmt.Appendf(nil, "store: %q\nfolder: data/here\n", pgtest.Database(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := app.Open(app.Options{Path: path}); err == nil || !strings.Contains(err.Error(), "there is no store yet") {
		t.Errorf("reading what is not there is %v", err)
	}
	a, err := app.Open(app.Options{Path: path, Access: app.Creates})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	info, err := os.Stat(filepath.Join(folder, "data", "here"))
	if err != nil || info.Mode().Perm() != 0o700 || a.Store.ScratchFolder() == "" {
		t.Errorf("%v, %v", info, err)
	}
	if shown := a.Store.String(); strings.Contains(shown, "?") || strings.Contains(shown, "#") || !strings.HasPrefix(shown, "postgres://winnow@") {
		t.Errorf("the store is shown as %s", shown)
	}
}
