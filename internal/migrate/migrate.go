// Package migrate moves the store of a config from files on this host to a PostgreSQL server,
// and says what to write into the config then.
//
// How rows get there is the subject of store/migration. This package does what is around
// that: it keeps everybody else away from the store, takes along what is beside the database,
// and prints the result.
package migrate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"winnow/internal/backup"
	"winnow/internal/config"
	"winnow/internal/ui"
	"winnow/store/location"
	"winnow/store/migration"
)

// Options say what is copied where.
type Options struct {
	Config string // path of the config
	From   string // path of the store that it names
	To     string // URL of the database
	// Progress shows how far it is, see [ui.Printer.Progress]; it may be nil.
	Progress func(noun string) (show func(int64), done func())
}

// Result is what was copied, and what the config has to say then.
type Result struct {
	migration.Result
	From   string `json:"from"` // path of the files
	Store  string `json:"store"`
	Folder string `json:"folder,omitempty"` // empty if the config need not name it
	config string
}

// Run copies the store. The error is a [ui.UsageError] if To is not the URL that a config
// could have.
func Run(ctx context.Context, o Options) (r *Result, err error) {
	to, err := config.OnServer(o.To, o.Config, filepath.Dir(o.From))
	if err != nil {
		return nil, &ui.UsageError{Err: fmt.Errorf("--to: %w", err)}
	}
	unlock, err := backup.LockStore(o.From)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	// The rows come last, as the database may be used when they are there.
	if here, there := location.Beside(o.From, "outbox"), location.Beside(to, "outbox"); here != there {
		if err := backup.CopyTree(ctx, here, there); err != nil {
			return nil, fmt.Errorf("copy the outbox: %w", err)
		}
	}
	copied, err := migration.Run(ctx, migration.Options{From: o.From, To: location.URL(to), Progress: o.Progress})
	if err != nil {
		return nil, err
	}
	return &Result{Result: copied, From: o.From, Store: o.To, Folder: folderFor(o.Config, o.From), config: o.Config}, nil
}

// folderFor is the folder that a config has to name so that what is beside the store stays
// there; empty if that is its own.
func folderFor(config, store string) string {
	own, err := filepath.Abs(filepath.Dir(config))
	if err != nil {
		return filepath.Dir(store)
	}
	folder, err := filepath.Rel(own, filepath.Dir(store))
	switch {
	case err != nil || !filepath.IsLocal(folder):
		return filepath.Dir(store)
	case folder == ".":
		return ""
	}
	return folder
}

// Print prints the result for people.
func (r *Result) Print(w io.Writer) error {
	var replaced int64
	rows := [][]string{{"table", "        rows"}}
	for _, t := range r.Tables {
		rows = append(rows, []string{t.Name, fmt.Sprintf("%12s", ui.Number(t.Rows))})
		replaced += t.Replaced
	}
	ui.Table(w, rows)
	fmt.Fprintf(w, "%s and %s of members copied in %s; each was compared, and is the same\n", ui.Count(r.Rows, "row"), ui.Count(r.Lists, "list"), r.Took.Round(time.Second))
	if r.Resumed {
		fmt.Fprintln(w, "an earlier migration had been interrupted; this one went on where it was")
	}
	if replaced > 0 {
		fmt.Fprintf(w, "%s U+0000 or bytes that are not UTF-8, which PostgreSQL can't store: U+FFFD is in their places; bodies are as they were\n", ui.CountVerb(replaced, "text", "had", "had"))
	}
	fmt.Fprintf(w, "write into %s, and start winnow serve:\n  store: %s\n", ui.Printable(r.config), ui.Printable(r.Store))
	if r.Folder != "" {
		fmt.Fprintf(w, "  folder: %s\n", ui.Printable(r.Folder))
	}
	_, err := fmt.Fprintf(w, "the files of the store %s are untouched: move them away, so that nobody serves them again, and delete them when you are sure\n", ui.Printable(r.From))
	return err
}
