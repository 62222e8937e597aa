// Package bench is `winnow bench`: it measures winnow on this machine beside what else a
// user would take for the same job, and prints one table of both.
//
// What is measured is a process of its own, as a user would start it: the daemon, a sweep,
// an import. So processor time, bytes written and peak memory are what the kernel counted
// for that process, and the peers, such as sqlite3's shell, are measured in the same way
// (package procusage). What no command does alone, such as appending without HTTP, is a
// stage: a process of the same binary that does only that.
//
// A row of the table is a measurement with its goal, if there is one. The goals are ratios,
// or rates on the machine that they were set on. Nothing passes or fails: wall times depend
// on what else a machine does.
//
// Where to change what: a new row is a function in the list in rows.go; what contacts and events
// are like is in package traffic and stage.go; a new peer that comes with winnow is in
// peers.go, and users add theirs with --peer; growth and its plot are growth.go and plot.go.
package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"
)

// Options say what to measure, and with what.
type Options struct {
	Program []string // the command line that runs this binary, without arguments
	Env     []string // further variables of its environment
	Rules   []byte   // a config whose hygiene is in force: config.example.yaml

	Dir      string        // a folder on the disk to measure; empty for that of temporary files
	Contacts int           // in the roster
	Events   int           // appended, swept and imported
	Rounds   int           // of each load of callbacks, of which the median counts
	Lasting  time.Duration // of each load
	Only     []string      // rows; empty for all
	Postgres string        // URL of a server to compare with; empty for none
	Peers    []Peer        // of the user

	// Note is called with what is measured next; may be nil.
	Note func(text string)
}

// bench is one run of the benchmark.
type bench struct {
	Options
	folder string // temporary
	report Report
	filled *site          // whose contacts have full histories; nil before it is asked for
	after  []func() error // removes what is not in the folder
}

func newBench(o Options) (*bench, error) {
	folder, err := os.MkdirTemp(o.Dir, "winnow-bench-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the stores: %w; --dir names another place", err)
	}
	machine, err := thisMachine(folder)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	return &bench{Options: o, folder: folder, report: Report{Machine: machine, Contacts: o.Contacts, Events: o.Events}}, nil
}

func (b *bench) close() (err error) {
	for _, remove := range b.after {
		err = errors.Join(err, remove())
	}
	return errors.Join(err, os.RemoveAll(b.folder))
}

// note says what is measured next.
func (b *bench) note(format string, args ...any) {
	if b.Note != nil {
		b.Note(fmt.Sprintf(format, args...))
	}
}

// command is a process of this binary.
func (b *bench) command(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, b.Program[0], append(b.Program[1:len(b.Program):len(b.Program)], args...)...)
	c.Env = append(os.Environ(), b.Env...)
	return c
}
