// Package scrub takes out of a list of any size whom not to text and who stands
// there twice. Lines are copied as they are; the others are written with the
// reason.
//
// A reader fills pages of lines while the page before is looked up in the store, in
// the order of the store's index, and written.
package scrub

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/atomicfile"
	"winnow/internal/csvlist"
	"winnow/internal/ui"
	"winnow/store"
)

// Result counts the lines of a list by what became of them.
type Result struct {
	Lines      int64 `json:"lines"`
	Kept       int64 `json:"kept"`
	Rejected   int64 `json:"rejected"`
	Suppressed int64 `json:"suppressed"`
	Cooling    int64 `json:"cooling"`
	Invalid    int64 `json:"invalid"`
	Duplicate  int64 `json:"duplicate"`
	Unreadable int64 `json:"unreadable"`
	Unknown    int64 `json:"unknown"`  // kept, and no contact that winnow knows
	ByPhone    int64 `json:"by_phone"` // found by a contact's phone and not by its key
	Unswept    int64 `json:"unswept"`  // events that were not heeded

	firstUnreadable string // the first line that is unreadable, and why
	known           int64  // contacts of the list that winnow knows
}

// Options say how to scrub.
type Options struct {
	File      string // the list; - is Stdin
	Stdin     io.Reader
	Column    string // with the keys or phone numbers
	By        string // what it holds: key, phone or either
	Region    string // of phone numbers without a country code; empty for that of the config
	Rejected  string // the file for the lines left out; empty for none
	Output    string // the file for the clean list; empty for stdout
	Delimiter byte   // 0 to find out
	Now       hygiene.Instant
}

// File parts a list into whom to text and whom not, and says what became of
// its lines. The store is opened once the files are known to be apart.
func File(ctx context.Context, out *ui.Printer, o Options, open func(func(*app.App) error) error) error {
	in, err := atomicfile.OpenInput(ctx, o.Stdin, o.File)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := o.separate(out.Stdout, in); err != nil {
		return err
	}
	unchanged := atomicfile.Unchanged(in)
	return open(func(a *app.App) error {
		l, err := csvlist.OpenKeyed(in, csvlist.KeyColumn{Name: o.Column, Flag: "--column"}, o.Delimiter)
		if err != nil {
			return fmt.Errorf("%s: %w", o.File, err)
		}
		return o.scrub(ctx, out, a, l, unchanged)
	})
}

// separate is an error when what is written would get in the way of what is
// read, or of what else is written.
func (o Options) separate(stdout io.Writer, in io.Reader) error {
	read := o.File
	if read == "-" {
		read = ""
	}
	if err := atomicfile.CheckDistinct(read, o.Rejected, o.Output); err != nil {
		return err
	}
	for _, name := range []string{o.Rejected, o.Output} {
		if atomicfile.IsNamed(in, name) {
			return ui.Usagef("%s is what stdin reads: write to another file", name)
		}
	}
	switch {
	case o.Output != "":
	case atomicfile.WritesInto(stdout, in):
		return ui.Usagef("stdout goes into %s, which is read: write to another file", o.File)
	case atomicfile.IsNamed(stdout, o.Rejected):
		return ui.Usagef("stdout goes into %s, and --rejected names it: write to two different files", o.Rejected)
	}
	return nil
}

// scrub opens what the list is parted into, parts it, and puts the files in
// their places.
func (o Options) scrub(ctx context.Context, out *ui.Printer, a *app.App, l *csvlist.Reader, unchanged func() error) (err error) {
	s := &job{Printer: out, ctx: ctx, store: a.Store, list: l, by: o.lookup(a.Config.Keys), now: o.Now, seen: a.Store.NewSeen(), clean: bufio.NewWriterSize(out.Stdout, 1<<16), rejected: bufio.NewWriter(io.Discard)}
	var files []*atomicfile.File // the clean list last: when it is there, all is done
	for _, to := range []struct {
		name   string
		writer **bufio.Writer
	}{{o.Rejected, &s.rejected}, {o.Output, &s.clean}} {
		if to.name == "" {
			continue
		}
		f, err := atomicfile.Create(to.name)
		if err != nil {
			return err
		}
		defer f.Discard()
		files, *to.writer = append(files, f), f.Writer
	}
	defer func() { err = errors.Join(err, s.seen.Close()) }()
	if err = s.run(); err == nil {
		err = unchanged()
	}
	if err != nil {
		return fmt.Errorf("%s: %w; %s", o.File, err, o.partialOutput())
	}
	if err := s.clean.Flush(); err != nil {
		return fmt.Errorf("write the clean list: %w", err)
	}
	for _, f := range files {
		if err := f.Commit(); err != nil {
			return err
		}
	}
	return errors.Join(o.printResult(out, a.Store, s.result), s.warnUnknown())
}

// partialOutput tells where the list stands that was not cleaned to its end.
func (o Options) partialOutput() string {
	if o.Output != "" {
		return "nothing was written"
	}
	return "what was written to stdout is not the whole list"
}

// printResult tells what became of the lines, on stderr when stdout is the list.
func (o Options) printResult(out *ui.Printer, st *store.Store, did Result) error {
	totals, err := st.Totals()
	if err != nil {
		return err
	}
	if did.Unswept = totals.Lag; out.JSON {
		return out.PrintJSON(did)
	}
	to := out.Stdout
	if o.Output == "" {
		to = out.Stderr
	}
	fmt.Fprintln(to, did.sentence())
	if did.Unreadable > 0 {
		fmt.Fprintf(to, "unreadable lines are no rows of this CSV, the first is %s\n", did.firstUnreadable)
	}
	switch {
	case did.Unswept == 1:
		fmt.Fprintln(to, "1 event waits for a sweep and was not heeded: winnow sweep, then scrub again")
	case did.Unswept > 1:
		fmt.Fprintf(to, "%s wait for a sweep and were not heeded: winnow sweep, then scrub again\n", ui.Count(did.Unswept, "event"))
	}
	return nil
}

func (d *Result) sentence() string {
	text := fmt.Sprintf("scrub: %s: %s kept, %s rejected: %s suppressed, %s cooling, %s invalid, %s duplicate", ui.Count(d.Lines, "line"),
		ui.Number(d.Kept), ui.Number(d.Rejected), ui.Number(d.Suppressed), ui.Number(d.Cooling), ui.Number(d.Invalid), ui.Number(d.Duplicate))
	if d.Unreadable > 0 {
		text += fmt.Sprintf(", %s unreadable", ui.Number(d.Unreadable))
	}
	if d.Unknown > 0 {
		text += fmt.Sprintf("; of the kept %s unknown to winnow", ui.CountVerb(d.Unknown, "", "is", "are"))
	}
	if d.ByPhone > 0 {
		text += fmt.Sprintf("; %s found by phone number", ui.Number(d.ByPhone))
	}
	return text
}

// warnUnknown warns of a list that winnow knows next to nobody of: where contacts are
// told apart by an id, that is hardly a column of these ids.
func (s *job) warnUnknown() error {
	asked := s.result.Kept + s.result.Suppressed + s.result.Cooling
	if s.by.keys.Phone || s.result.Kept == 0 || s.result.known*100 >= asked {
		return nil
	}
	who := "none"
	if s.result.known > 0 {
		who = "only " + ui.Number(s.result.known)
	}
	how := "a phone number is found when an import of contacts or the send log gave it to a contact"
	switch {
	case !s.by.phone:
		how = "--by key looks for nothing else, leave it out when the column holds phone numbers"
	case s.by.keys.Region == "":
		how += ", and here it has its country code, or --region says of which country it is"
	}
	_, err := fmt.Fprintf(s.Stderr, "winnow: %s of the %s in the list is known to winnow, so hardly anybody could be left out: contacts are told apart by an id here (contacts.key: text); %s\n",
		who, ui.Count(asked, "contact"), how)
	return err
}

// count counts a line by what became of it.
func (d *Result) count(line *line) {
	d.Lines++
	if line.known && line.reason != Duplicate {
		d.known++
	}
	if line.byPhone {
		d.ByPhone++
	}
	if line.reason == "" {
		if d.Kept++; !line.known {
			d.Unknown++
		}
		return
	}
	d.Rejected++
	switch kind, why, _ := strings.Cut(line.reason, ": "); kind {
	case Unreadable:
		if d.Unreadable++; d.Unreadable == 1 {
			d.firstUnreadable = why
		}
	case Invalid:
		d.Invalid++
	case Duplicate:
		d.Duplicate++
	case hygiene.Cooling.String():
		d.Cooling++
	default:
		d.Suppressed++
	}
}

// The reasons that are no status.
const (
	Invalid    = "invalid"
	Duplicate  = "duplicate"
	Unreadable = "unreadable"
)

// job parts one list.
type job struct {
	*ui.Printer
	ctx             context.Context
	store           *store.Store
	list            *csvlist.Reader
	by              lookup
	now             hygiene.Instant
	seen            *store.Seen // keys of the lines that were kept
	clean, rejected *bufio.Writer
	result          Result
}

// run reads the list in one goroutine, a page at a time, and judges and writes
// it in another.
func (s *job) run() error {
	s.writeHeaders()
	show, done := s.Progress("line")
	defer done()
	empty, filled, stop := make(chan *page, pages), make(chan *page), make(chan struct{})
	defer close(stop)
	for range pages {
		empty <- &page{}
	}
	var ended error
	go func() {
		defer close(filled)
		for ended == nil {
			p := <-empty
			ended = p.fill(s.list)
			p.read(s.by)
			p.sort()
			select {
			case filled <- p:
			case <-stop:
				return
			}
		}
	}()
	for {
		select {
		case <-s.ctx.Done():
			return ui.ErrInterrupted
		case p, more := <-filled:
			if !more {
				return plainEnd(ended)
			}
			if err := p.apply(s); err != nil {
				return err // and nothing of the page is written: nobody knows whom not to text
			}
			if err := p.write(s); err != nil {
				return err
			}
			if show != nil {
				show(s.result.Lines)
			}
			empty <- p
		}
	}
}

// plainEnd is what is wrong when reading ended so.
func plainEnd(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

func (s *job) writeHeaders() {
	s.clean.Write(s.list.Mark)
	s.clean.Write(s.list.Header)
	s.rejected.Write(s.list.Mark)
	s.list.WriteWithCell(s.rejected, s.list.Header, "reason")
}
