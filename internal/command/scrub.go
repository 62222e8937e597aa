package command

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

// scrubCommand parts a list into whom to text and whom not.
type scrubCommand struct {
	File      string `arg:"" help:"The list: CSV with a header; - for stdin."`
	Column    string `required:"" placeholder:"NAME" help:"The column with the contacts' keys or phone numbers."`
	By        string `enum:"either,key,phone" default:"either" placeholder:"WHAT" help:"What the column holds: key, phone, or either; either when not said."`
	Region    string `placeholder:"CC" help:"The country of phone numbers without a country code, like TR; contacts.region of the config when not said."`
	Rejected  string `placeholder:"FILE" help:"Write the lines that were left out there, with a column reason."`
	Output    string `short:"o" placeholder:"FILE" help:"Write the clean list there, not to stdout."`
	separated `embed:""`
}

// Help says what is kept and what is left out.
func (scrubCommand) Help() string {
	return `Kept are contacts that are active or due for a retry, and whom winnow does not know, each on its first
line; the lines are copied as they are. The others have one of these reasons:

  suppressed:REASON|REASON   do not text
  cooling                    its retry is not due yet
  invalid: WHY               the column holds no contact's key, or with --by phone no phone number
  duplicate                  the contact is kept on a line before
  unreadable: line N: WHY    not a row of this CSV; the line stands as it is in the first column

NAME is matched without regard to case. A value is looked up as the key of a contact, as your callbacks have it at
"contact". One that is a phone number is also looked up as the phone that imports and the send log gave to contacts,
whichever way it is written: with its country code, or as in the country of --region. When one of these contacts is not
to be texted the line is left out. --by phone takes phone numbers alone, all else is invalid: the safest for a list of
numbers. --by key takes keys alone. With "contacts: {key: phone}" the number is the key. How many of the kept winnow does not
know is told.

Events that wait for a sweep are not heeded. Files get their names when they are whole.`
}

// scrubbed counts the lines of a list by what became of them.
type scrubbed struct {
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

	odd   string // the first line that is unreadable, and why
	known int64  // contacts of the list that winnow knows
}

// Run scrubs the list and says what became of its lines.
func (x scrubCommand) Run(c *call) error {
	separator, err := x.separator()
	if err != nil {
		return err
	}
	if x.Region != "" && !hygiene.KnownRegion(x.Region) {
		return ui.Usagef("--region %s: write a country with two letters, like TR", ui.ShellQuote(x.Region))
	}
	if x.Output == "-" {
		x.Output = ""
	}
	if c.JSON && x.Output == "" {
		return ui.Usagef("stdout is the clean list: with --json write it to a file, -o FILE")
	}
	o := scrubOptions{File: x.File, Stdin: c.stdin, Column: x.Column, By: x.By, Region: x.Region, Rejected: x.Rejected, Output: x.Output, Delimiter: separator, Now: c.present()}
	return scrubFile(c.ctx, c.Printer, o, func(do func(*app.App) error) error { return c.open(toRead, do) })
}

// scrubOptions say how to scrub.
type scrubOptions struct {
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

// scrubFile parts a list into whom to text and whom not, and says what became of
// its lines. The store is opened once the files are known to be apart.
func scrubFile(ctx context.Context, out *ui.Printer, o scrubOptions, open func(func(*app.App) error) error) error {
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
func (o scrubOptions) separate(stdout io.Writer, in io.Reader) error {
	read := o.File
	if read == "-" {
		read = ""
	}
	if err := atomicfile.Distinct(read, o.Rejected, o.Output); err != nil {
		return err
	}
	for _, name := range []string{o.Rejected, o.Output} {
		if atomicfile.Is(in, name) {
			return ui.Usagef("%s is what stdin reads: write to another file", name)
		}
	}
	switch {
	case o.Output != "":
	case atomicfile.WritesInto(stdout, in):
		return ui.Usagef("stdout goes into %s, which is read: write to another file", o.File)
	case atomicfile.Is(stdout, o.Rejected):
		return ui.Usagef("stdout goes into %s, and --rejected names it: write to two different files", o.Rejected)
	}
	return nil
}

// scrub opens what the list is parted into, parts it, and puts the files in
// their places.
func (o scrubOptions) scrub(ctx context.Context, out *ui.Printer, a *app.App, l *csvlist.Reader, unchanged func() error) (err error) {
	s := &scrub{Printer: out, ctx: ctx, store: a.Store, list: l, by: o.lookup(a.Config.Keys), now: o.Now, seen: a.Store.NewSeen(), clean: bufio.NewWriterSize(out.Stdout, 1<<16), rejected: bufio.NewWriter(io.Discard)}
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
	if err = s.part(); err == nil {
		err = unchanged()
	}
	if err != nil {
		return fmt.Errorf("%s: %w; %s", o.File, err, o.half())
	}
	if err := s.clean.Flush(); err != nil {
		return fmt.Errorf("write the clean list: %w", err)
	}
	for _, f := range files {
		if err := f.Commit(); err != nil {
			return err
		}
	}
	return errors.Join(o.tell(out, a.Store, s.did), s.doubt())
}

// half tells where the list stands that was not cleaned to its end.
func (o scrubOptions) half() string {
	if o.Output != "" {
		return "nothing was written"
	}
	return "what was written to stdout is not the whole list"
}

// tell tells what became of the lines, on stderr when stdout is the list.
func (o scrubOptions) tell(out *ui.Printer, st *store.Store, did scrubbed) error {
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
		fmt.Fprintf(to, "unreadable lines are no rows of this CSV, the first is %s\n", did.odd)
	}
	switch {
	case did.Unswept == 1:
		fmt.Fprintln(to, "1 event waits for a sweep and was not heeded: winnow sweep, then scrub again")
	case did.Unswept > 1:
		fmt.Fprintf(to, "%s wait for a sweep and were not heeded: winnow sweep, then scrub again\n", ui.Count(did.Unswept, "event"))
	}
	return nil
}

func (d *scrubbed) sentence() string {
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

// doubt warns of a list that winnow knows next to nobody of: where contacts are
// told apart by an id, that is hardly a column of these ids.
func (s *scrub) doubt() error {
	asked := s.did.Kept + s.did.Suppressed + s.did.Cooling
	if s.by.keys.Phone || s.did.Kept == 0 || s.did.known*100 >= asked {
		return nil
	}
	who := "none"
	if s.did.known > 0 {
		who = "only " + ui.Number(s.did.known)
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
func (d *scrubbed) count(line *listLine) {
	d.Lines++
	if line.known && line.reason != isDuplicate {
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
	case isUnreadable:
		if d.Unreadable++; d.Unreadable == 1 {
			d.odd = why
		}
	case isInvalid:
		d.Invalid++
	case isDuplicate:
		d.Duplicate++
	case hygiene.Cooling.String():
		d.Cooling++
	default:
		d.Suppressed++
	}
}

// The reasons that are no status.
const (
	isInvalid    = "invalid"
	isDuplicate  = "duplicate"
	isUnreadable = "unreadable"
)

// scrub parts one list.
type scrub struct {
	*ui.Printer
	ctx             context.Context
	store           *store.Store
	list            *csvlist.Reader
	by              lookup
	now             hygiene.Instant
	seen            *store.Seen // keys of the lines that were kept
	clean, rejected *bufio.Writer
	did             scrubbed
}

// part reads the list in one goroutine, a page at a time, and judges and writes
// it in another.
func (s *scrub) part() error {
	s.writeHeaders()
	show, done := s.Progress("line")
	defer done()
	empty, filled, stop := make(chan *listPage, listPages), make(chan *listPage), make(chan struct{})
	defer close(stop)
	for range listPages {
		empty <- &listPage{}
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
			if err := p.judge(s); err != nil {
				return err // and nothing of the page is written: nobody knows whom not to text
			}
			if err := p.write(s); err != nil {
				return err
			}
			if show != nil {
				show(s.did.Lines)
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

func (s *scrub) writeHeaders() {
	s.clean.Write(s.list.Mark)
	s.clean.Write(s.list.Header)
	s.rejected.Write(s.list.Mark)
	s.list.WriteWith(s.rejected, s.list.Header, "reason")
}
