package imports

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"winnow/hygiene"
	"winnow/hygiene/instant"
	"winnow/hygiene/provider"
	"winnow/internal/app"
	"winnow/internal/csvlist"
	"winnow/internal/listfile"
	"winnow/internal/sendlog"
	"winnow/internal/ui"
	"winnow/store"
)

// Messages registers the messages of a send log: which contact, or which phone number, each
// went to. It calls open, which opens the config and the store, once the file is open.
func Messages(ctx context.Context, out *ui.Printer, o Options, open func(func(*app.App) error) error) (err error) {
	in, err := openInput(ctx, out, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.close()) }()
	return open(func(a *app.App) error {
		registrar, err := NewRegistrar(a.Config, a.Store, o.Source, o.Region)
		if err != nil {
			return ui.Usagef("--source: %w", err)
		}
		im := &messageImport{input: in, registrar: registrar, store: a.Store}
		if err := im.readAll(); err != nil {
			return im.incomplete(err)
		}
		return im.report()
	})
}

// messageImport gathers registrations and stores them together.
type messageImport struct {
	*input
	registrar *Registrar
	store     *store.Store
	show      func(int64) // shows the progress; may be nil

	pending  []store.Registration
	origins  []origin        // of those
	refusals []hygiene.Event // of the same records
	size     int             // bytes of the records since the last flush
	result   messagesResult
}

// Messages are registered together, after so many or after records of so many bytes. Their
// ids are as good as random: the more of them are stored together, in the order of their
// ids, the more of them share a page that is written. (A million messages at 4,096 a time
// write 7 GB, at these 0.5 GB.) A sweep that waits for them waits for about a second.
const (
	registerMessages = 200_000
	registerBytes    = 16 << 20
)

// origin is where a registration stands in the file.
type origin struct {
	line int64
	text []byte // nil when there is no file for rejected lines
}

// messagesResult is what an import of messages prints as JSON.
type messagesResult struct {
	New       int64    `json:"new"`
	Known     int64    `json:"known"`
	Matched   int64    `json:"matched"`
	Conflict  int64    `json:"conflict"`
	Conflicts []string `json:"conflicts,omitempty"` // the first maxConflicts
	Refused   int64    `json:"refused"`             // refusals of the provider, which became events
	Unnamed   int64    `json:"unnamed"`             // refusals that are about nobody
	Phones    int64    `json:"phones_left_out"`     // invalid phone numbers
	Rejected  int64    `json:"rejected"`
}

// maxConflicts is the maximum number of message ids that are printed as conflicts.
const maxConflicts = 100

func (im *messageImport) readAll() error {
	show, done := im.out.Progress("message")
	defer done()
	im.show = show
	err := im.read(bufio.NewReaderSize(im.text, maxLine))
	if isAborted(err) {
		return err
	}
	return errors.Join(err, im.flush())
}

// read reads JSON when the file looks like it, else CSV.
func (im *messageImport) read(r *bufio.Reader) error {
	head, _ := r.Peek(maxLine)
	switch text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte(csvlist.ByteOrderMark)), " \t\r\n"); {
	case len(text) == 0:
		return errors.New("the file is empty")
	case !listfile.IsJSON(text) && !isObjectOnSecondLine(text):
		return im.readCSV(r)
	}
	if err := im.rejects.create(); err != nil {
		return err
	}
	in := sendlog.NewReader(r, maxLine)
	for {
		record, err := in.Next()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case record.Err != nil:
			err = im.reject(record.Line, record.Err, record.Text)
		default:
			err = im.addRecord(&record)
		}
		if err != nil {
			return err
		}
	}
}

// addRecord adds the messages of a JSON record: one, or those of a provider's answer.
func (im *messageImport) addRecord(r *sendlog.Record) error {
	at := im.origin(r.Line, r.Text)
	for _, g := range r.Messages {
		if err := im.add(at, g); err != nil {
			return err
		}
	}
	return nil
}

// isObjectOnSecondLine reports whether the second line is a JSON object. The first
// one is a broken record then, and not a header.
func isObjectOnSecondLine(text []byte) bool {
	_, text, _ = bytes.Cut(text, []byte("\n"))
	second, _, _ := bytes.Cut(text, []byte("\n"))
	return bytes.HasPrefix(second, []byte("{")) && json.Valid(second)
}

func (im *messageImport) reject(line int64, reason error, text []byte) error {
	im.rejects.add(line, reason, text)
	return nil
}

// origin notes where a record stands, with its text when that may be written to the
// file for rejected lines.
func (im *messageImport) origin(line int64, text []byte) origin {
	im.size += len(text)
	if !im.rejects.hasFile() {
		return origin{line: line}
	}
	return origin{line, bytes.Clone(text)}
}

func (im *messageImport) add(at origin, g provider.Registration) error {
	if g.IsUnnamed() {
		im.result.Unnamed++
		im.rejects.addToFile(at.line, g.Check(), at.text)
		return nil
	}
	n, err := im.registrar.Normalize(g, hygiene.InstantOf(im.now))
	if err != nil {
		return im.reject(at.line, err, at.text)
	}
	if g.Phone != "" && n.Phone == "" {
		im.result.Phones++
		im.rejects.addToFile(at.line, fmt.Errorf("message %q: invalid phone number skipped; the rest was registered", n.MessageID), at.text)
	}
	if n.Registers {
		im.pending, im.origins = append(im.pending, n.Registration), append(im.origins, at)
	}
	if n.Refusal != nil {
		im.refusals = append(im.refusals, *n.Refusal)
	}
	if len(im.pending)+len(im.refusals) < registerMessages && im.size < registerBytes {
		return nil
	}
	return im.flush()
}

// readCSV reads a CSV whose header names message_id, contact or phone and, if there are
// any, source, sent_at, event, code and error. A row may end before cells that it leaves
// empty.
func (im *messageImport) readCSV(r io.Reader) error {
	list, err := csvlist.Open(r, im.options.Delimiter)
	if err != nil {
		return err
	}
	list.MinColumns = 1
	columns, err := messageColumns(list.Fields)
	if err != nil {
		return err
	}
	if _, ok := columns["source"]; !ok && im.registrar.source == "" {
		return fmt.Errorf("the header has no column %q, and the config has several sources: %s; add --source NAME, or the column", "source", im.registrar.known())
	}
	if err := im.rejects.create(); err != nil {
		return err
	}
	for {
		record, err := list.Next()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case record.Err != nil:
			err = im.reject(record.Line, record.Err, record.Raw)
		default:
			err = im.addRow(&record, columns, list.Fields)
		}
		if err != nil {
			return err
		}
	}
}

// messageColumns returns the indexes of the columns by name, in lower case.
func messageColumns(header [][]byte) (map[string]int, error) {
	columns := map[string]int{}
	for i, field := range header {
		name := strings.ToLower(csvlist.CellText(field))
		if _, duplicate := columns[name]; duplicate && name != "" {
			return nil, listfile.DuplicateColumn(name)
		}
		columns[name] = i
	}
	_, id := columns["message_id"]
	_, contact := columns["contact"]
	_, phone := columns["phone"]
	for _, c := range []struct {
		name  string
		there bool
	}{{"message_id", id}, {"contact", contact || phone}} {
		if !c.there {
			return nil, fmt.Errorf("the header has no column %q; it needs message_id and contact or phone, and may have source, sent_at, event, code and error", c.name)
		}
	}
	return columns, nil
}

// addRow adds a row. A row of empty cells, as spreadsheets leave them at the end, is
// ignored.
func (im *messageImport) addRow(r *csvlist.Record, columns map[string]int, fields [][]byte) error {
	if len(bytes.TrimSpace(bytes.Join(fields, nil))) == 0 {
		return nil
	}
	cell := func(column string) string {
		if i, ok := columns[column]; ok && i < len(fields) {
			return csvlist.CellText(fields[i])
		}
		return ""
	}
	g := provider.Registration{Source: cell("source"), MessageID: cell("message_id"), Contact: cell("contact"), Phone: cell("phone")}
	if at := cell("sent_at"); at != "" {
		t, err := instant.ParseTime(at)
		if err != nil {
			return im.reject(r.Line, fmt.Errorf("sent_at: %w", err), r.Raw)
		}
		g.SentAt = t
	}
	g.Refusal = provider.NewRefusal(cell("event"), cell("code"), cell("error"), "")
	if g.Refusal != (provider.Refusal{}) {
		body := map[string]string{}
		for column := range columns {
			if text := cell(column); text != "" && column != "" {
				body[column] = text
			}
		}
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		g.Body = string(text)
	}
	if g.IsUnnamed() {
		return im.reject(r.Line, g.Check(), r.Raw)
	}
	return im.add(im.origin(r.Line, r.Raw), g)
}

func (im *messageImport) flush() error {
	if err := im.checkBeforeWrite(); err != nil {
		return err
	}
	registered, err := im.store.Register(im.ctx, im.pending)
	if err != nil {
		return err
	}
	if err := AppendRefusals(im.ctx, im.store, im.refusals); err != nil {
		return err
	}
	im.result.Refused += int64(len(im.refusals))
	for _, i := range registered.Conflicts {
		at, id := im.origins[i], im.pending[i].MessageID
		im.rejects.addToFile(at.line, fmt.Errorf("message %q is already registered for another contact or phone number, which stays", id), at.text)
		if len(im.result.Conflicts) < maxConflicts {
			im.result.Conflicts = append(im.result.Conflicts, id)
		}
	}
	im.pending, im.origins, im.refusals, im.size = im.pending[:0], im.origins[:0], nil, 0
	im.result.New += registered.New
	im.result.Known += registered.Known
	im.result.Matched += registered.Matched
	im.result.Conflict += int64(len(registered.Conflicts))
	if im.show != nil {
		im.show(im.result.New + im.result.Known)
	}
	return nil
}

// incomplete adds to an error how much of the file was registered.
func (im *messageImport) incomplete(err error) error {
	done := im.result.New + im.result.Known
	if done == 0 {
		return fmt.Errorf("%s: %w; nothing was registered", im.options.File, err)
	}
	return fmt.Errorf("%s: %w; %s registered before that; import the whole file again: repeats change nothing", im.options.File, err, ui.CountVerb(done, "message", "was", "were"))
}

func (im *messageImport) report() error {
	r, file, out := &im.result, im.options.File, im.out
	r.Rejected = im.rejects.counts.lines
	if out.JSON {
		return errors.Join(out.PrintJSON(r), im.rejects.counts.err(file))
	}
	fmt.Fprintf(out.Stdout, "registered %s of %s, %s already known; matched %s to a contact or a number; the next sweep applies the rules\n",
		ui.Count(r.New, "message"), file, ui.Number(r.Known), ui.Count(r.Matched, "event"))
	if r.Conflict > 0 {
		fmt.Fprintf(out.Stdout, "%s already registered for another contact or phone number and not changed: %s\n", ui.CountVerb(r.Conflict, "message", "is", "are"), ui.Shorten(ui.Printable(strings.Join(r.Conflicts, " ")), 2000))
	}
	if r.Refused > 0 {
		fmt.Fprintf(out.Stdout, "stored %s by the provider in the log, as events of these messages\n", ui.Count(r.Refused, "refusal"))
	}
	if r.Unnamed > 0 {
		fmt.Fprintf(out.Stdout, "%s left out, naming no message, contact or phone number; add one of them, or the messages as they were sent\n", ui.CountVerb(r.Unnamed, "refusal", "was", "were"))
	}
	if r.Phones > 0 {
		fmt.Fprintf(out.Stdout, "%s skipped\n", ui.CountVerb(r.Phones, "invalid phone number", "was", "were"))
	}
	return im.rejects.counts.err(file)
}
