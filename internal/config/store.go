package config

import (
	"path/filepath"
	"strings"

	"winnow/internal/yamldoc"
)

var storeURL = &yamldoc.Shape{Kind: yamldoc.Text, EditorPattern: "^sqlite://[^?#%]*[^/?#%]$", Expect: "a store like sqlite://winnow.db"}

// readStore reads the path of the store's main file.
func (r *reader) readStore(e *yamldoc.Entry) string {
	if e == nil {
		return ""
	}
	hidePassword(e)
	path, ok := strings.CutPrefix(e.Text(), "sqlite://")
	switch {
	case ok && passwordInURL.MatchString(e.Text()):
		e.Report("the store is a file on this machine, and its URL names a user of a server", "write sqlite:// and a path, like sqlite://winnow.db")
	case strings.HasPrefix(e.Text(), "postgres"):
		e.Report("PostgreSQL is not supported yet", "write sqlite:// and a path")
	case !ok:
		e.Report(yamldoc.Quote(e.Text())+" is not a store URL", "write sqlite:// and a path, like sqlite://winnow.db")
	case path == "" || strings.HasSuffix(path, "/"):
		e.Report("the store URL lacks the name of a file", "write it like sqlite://winnow.db")
	case strings.ContainsAny(path, "?#%"):
		e.Report("the path of the store cannot have ?, # or %", "")
	default:
		return r.absolute(path)
	}
	return ""
}

// FindStorePath is the path of the store of a config that may have problems: from the
// file, if its store can be read, or else the default. The last good config is there.
func FindStorePath(path string) string {
	store := "winnow.db"
	if text, err := readStart(path, MaxSize); err == nil {
		if name, ok := strings.CutPrefix(yamldoc.Peek(text, "store"), "sqlite://"); ok && name != "" {
			store = name
		}
	}
	if filepath.IsAbs(store) {
		return store
	}
	return filepath.Join(filepath.Dir(path), store)
}
