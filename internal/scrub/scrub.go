// Package scrub removes from a list, of any size, the contacts not to text and the
// duplicates. Kept lines are copied byte for byte; the others are written with a
// column that says why.
//
// One goroutine reads the list in chunks and works out what to look up. Another
// looks up the chunk before in the order of the store's index, and writes it. No
// line of a chunk is written unless the whole chunk was judged.
//
// Where to change what:
//
//   - a verdict, or its cell in the reason column: reason.go, and judge in chunk.go
//   - what a value is looked up by: lookup.go
//   - counts and messages: result.go
package scrub

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/internal/app"
	"winnow/internal/atomicfile"
	"winnow/internal/csvlist"
	"winnow/internal/listfile"
	"winnow/internal/ui"
	"winnow/store"
	"winnow/store/keyset"
)

// Options say how to scrub a list.
type Options struct {
	File      string // the list; "-" is Stdin
	Stdin     io.Reader
	Column    string          // holds keys or phone numbers
	By        string          // what Column holds: key, phone or either
	Region    string          // of phone numbers without a country code; empty for that of the config
	Rejected  string          // the file for rejected lines; empty for none
	Output    string          // the file for the clean list; empty for stdout
	Encoding  string          // of the list; empty for UTF-8
	Delimiter byte            // of the columns; 0 for the header's own
	Profile   csvlist.Profile // of the rejected lines
	Except    []string        // suppressions for these reasons do not count
	Now       hygiene.Instant
}

// Run scrubs a list and prints what became of its lines. It calls open, which opens
// the config and the store, once it knows that no output overwrites another file of
// the call.
func Run(ctx context.Context, out *ui.Printer, o Options, open func(func(*app.App) error) error) error {
	in, err := atomicfile.OpenInput(ctx, o.Stdin, o.File)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := o.checkFiles(out.Stdout, in); err != nil {
		return err
	}
	unchanged := atomicfile.Unchanged(in)
	return open(func(a *app.App) error {
		except, err := app.ReadExcept(a.Config.Policy, o.Except)
		if err != nil {
			return &ui.UsageError{Err: err}
		}
		parser := o.valueParser(a.Config.Keys)
		list, column, err := o.openList(in, parser)
		if err != nil {
			return fmt.Errorf("%s: %w", o.File, err)
		}
		s := &scrubber{out: out, ctx: ctx, store: a.Store, list: list, column: column, parser: parser, now: o.Now, except: except, seen: a.Store.NewKeySet()}
		return o.scrub(s, unchanged)
	})
}

// openList opens the list and finds the column. A list of phone numbers needs no header.
func (o Options) openList(in io.Reader, p valueParser) (list *listfile.Reader, column int, err error) {
	options := listfile.Options{Encoding: o.Encoding, Delimiter: o.Delimiter}
	if !p.key {
		options.IsRow = func(cell string) bool { _, err := contactkey.ParsePhone(cell, p.keys.Region); return err == nil }
	}
	if list, err = listfile.Open(in, options); err == nil {
		column, err = list.Find(o.Column, "--column")
	}
	return list, column, err
}

// checkFiles returns a usage error when an output would overwrite the input or the
// other output.
func (o Options) checkFiles(stdout io.Writer, in io.Reader) error {
	input := o.File
	if input == "-" {
		input = ""
	}
	if err := atomicfile.CheckDistinct(input, o.Rejected, o.Output); err != nil {
		return err
	}
	for _, name := range []string{o.Rejected, o.Output} {
		if atomicfile.IsNamed(in, name) {
			return ui.Usagef("stdin reads %s; write to another file", name)
		}
	}
	switch {
	case o.Output != "":
	case atomicfile.WritesInto(stdout, in):
		return ui.Usagef("stdout writes to %s, which is the input; write to another file", o.File)
	case atomicfile.IsNamed(stdout, o.Rejected):
		return ui.Usagef("stdout and --rejected both write to %s; write to two different files", o.Rejected)
	}
	return nil
}

// scrub creates the output files, fills them, and gives them their names.
func (o Options) scrub(s *scrubber, unchanged func() error) (err error) {
	s.clean, s.rejected = bufio.NewWriterSize(s.out.Exact(), 1<<16), bufio.NewWriter(io.Discard)
	var files []*atomicfile.File // the clean list last: when it is there, all is done
	for _, target := range []struct {
		name   string
		writer **bufio.Writer
	}{{o.Rejected, &s.rejected}, {o.Output, &s.clean}} {
		if target.name == "" {
			continue
		}
		f, err := atomicfile.Create(target.name)
		if err != nil {
			return err
		}
		defer f.Discard()
		files, *target.writer = append(files, f), f.Writer
	}
	defer func() { err = errors.Join(err, s.seen.Close()) }()
	s.openRows(o.Profile)
	if err = s.run(); err == nil {
		err = unchanged()
	}
	if err != nil {
		return fmt.Errorf("%s: %w; %s", o.File, err, o.partialOutput())
	}
	s.keptRows.End()
	s.rejectedRows.End()
	if err := s.flush(); err != nil {
		return err
	}
	for _, f := range files {
		if err := f.Commit(); err != nil {
			return err
		}
	}
	if err := o.printResult(s.out, s.store, s.result); err != nil {
		return err
	}
	s.warnUnknown()
	return nil
}

// partialOutput says what there is of a list that was not scrubbed to its end.
func (o Options) partialOutput() string {
	if o.Output != "" {
		return "nothing was written"
	}
	return "the list on stdout is incomplete"
}

// scrubber scrubs one list.
type scrubber struct {
	out             *ui.Printer
	ctx             context.Context
	store           *store.Store
	list            *listfile.Reader
	column          int // the index of the one that is looked up
	parser          valueParser
	now             hygiene.Instant
	except          []string    // the reasons that do not count
	seen            *keyset.Set // what identifies the kept lines
	clean, rejected *bufio.Writer
	// The rows of the two outputs.
	keptRows, rejectedRows *listfile.Writer
	result                 Result
}

// run reads the list in one goroutine, chunk by chunk, and judges and writes the
// chunks in another. It returns the first error, without writing the chunk that it
// concerns.
func (s *scrubber) run() error {
	s.keptRows.Begin()
	s.rejectedRows.Begin()
	show, done := s.out.Progress("line")
	defer done()
	empty, filled, stop := make(chan *chunk, chunksInFlight), make(chan *chunk), make(chan struct{})
	defer close(stop)
	for range chunksInFlight {
		empty <- &chunk{}
	}
	var readErr error // valid once filled is closed
	go func() {
		defer close(filled)
		for readErr == nil {
			c := <-empty
			readErr = c.fill(s.list, s.column)
			c.parseValues(s.parser)
			c.collectKeys()
			select {
			case filled <- c:
			case <-stop:
				return
			}
		}
	}()
	for {
		select {
		case <-s.ctx.Done():
			return ui.ErrInterrupted
		case c, more := <-filled:
			if !more {
				if readErr == io.EOF {
					return nil
				}
				return readErr
			}
			if err := c.judge(s); err != nil {
				return err
			}
			if err := c.write(s); err != nil {
				return err
			}
			if show != nil {
				show(s.result.Lines)
			}
			empty <- c
		}
	}
}

// openRows opens the two outputs for rows of the list.
func (s *scrubber) openRows(p csvlist.Profile) {
	s.keptRows, s.rejectedRows = s.list.NewWriter(s.clean, "", p), s.list.NewWriter(s.rejected, "reason", p)
}
