// Package imports reads files into the store: archives of events, the send log,
// contacts with their attributes, suppressions, and the contacts of static lists.
//
// Each import reads its file record by record, reports what it rejects with line and
// reason, and writes a few thousand records at a time. It writes nothing more once it
// is interrupted or the file changes, and says how to continue.
//
// Where to change what:
//
//   - the formats of lists: package listfile
//   - another list of contacts: implement rowImporter, see rows.go
//   - which columns become attributes, and their values: attributes.go
//   - how rejected lines are reported: rejects.go
//   - what a line of a send log registers, and which refusals it tells of: registrar.go
package imports

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"winnow/hygiene"
	"winnow/internal/atomicfile"
	"winnow/internal/csvlist"
	"winnow/internal/ui"
)

// Options say what to import, and how.
type Options struct {
	File      string // "-" is Stdin
	Stdin     io.Reader
	Rejected  string // the file to write rejected lines to; empty for none
	Encoding  string // of the file; empty for UTF-8
	Delimiter byte   // of a CSV; 0 for the header's own
	Key       string // the column of a list that holds the contact's key; empty for contact
	Into      string // merges: the column with the key of the new contact; empty for new
	Phone     string // contacts: the column with the phone number; empty for phone
	Reason    string // suppressions: that of rows which give none; empty for none
	Source    string // messages: the source of lines that name none; empty for the only one of the config. events: that of a message list; empty for an archive

	Map map[string]string // events: the columns of a message list, by what they hold

	// From is the system whose list of suppressions it is, or the preset of the bodies that
	// an archive is made of; empty for none. Received is the time of events in such an archive
	// that name none; 0 to reject those.
	From     string
	Received hygiene.Instant
	// By is what names the contacts of a list: phone or key; empty for key, or for what
	// the list of From names. Region is that of
	// phone numbers without a country code; empty for the config's. OffersPhone says that
	// the command can find contacts by phone.
	By, Region  string
	OffersPhone bool
	// Keys that are probably written otherwise than those of the contacts are held back,
	// unless New takes them as they are, or Nearest takes the contacts that they nearly are.
	New, Nearest bool

	held passFunc // receives rows that are held back; nil for nothing

	Apply  bool   // contacts and suppressions: write, instead of showing what would change
	Config string // the path of the config, for command lines in messages
	Now    func() time.Time
}

// keyName is the name of the column with the contact's key.
func (o *Options) keyName() string { return cmp.Or(o.Key, "contact") }

// Records are written together after so many lines, or after lines of so many bytes:
// what long lines grow to in memory is a multiple of their size.
const (
	FlushLines = 4096
	flushBytes = 2 << 20
)

// maxLine is the maximum size in bytes of a record of an archive or a send log; a
// callback's body may have as many.
const maxLine = 2 << 20

// input is the open file of an import.
type input struct {
	ctx       context.Context
	out       *ui.Printer
	options   Options
	file      io.ReadCloser
	text      io.Reader // of the file, in UTF-8
	now       time.Time
	unchanged func() error // see [atomicfile.Unchanged]
	rejects   rejects
}

// openInput opens the file of an import. The caller closes it.
func openInput(ctx context.Context, out *ui.Printer, o Options) (*input, error) {
	if err := atomicfile.CheckDistinct(o.File, o.Rejected); err != nil {
		return nil, err
	}
	f, err := atomicfile.OpenInput(ctx, o.Stdin, o.File)
	if err != nil {
		return nil, err
	}
	if atomicfile.IsNamed(f, o.Rejected) {
		f.Close()
		return nil, ui.Usagef("stdin reads %s; write to another file", o.Rejected)
	}
	unchanged := atomicfile.Unchanged(f)
	text, err := csvlist.DecodeText(f, o.Encoding)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", o.File, err)
	}
	return &input{ctx: ctx, out: out, options: o, file: f, text: text, now: o.Now(), unchanged: unchanged, rejects: rejects{stderr: out.Stderr, name: o.Rejected}}, nil
}

// checkBeforeWrite returns an error when what was read must not be written: the
// import is interrupted, or the file changed. Half a line of a file that is being
// written may name another contact.
func (in *input) checkBeforeWrite() error {
	if err := in.interrupted(); err != nil {
		return err
	}
	return in.unchanged()
}

// interrupted is an error when the import is interrupted.
func (in *input) interrupted() error {
	if in.ctx.Err() != nil {
		return ui.ErrInterrupted
	}
	return nil
}

// isAborted reports whether an error is one of checkBeforeWrite.
func isAborted(err error) bool {
	return errors.Is(err, ui.ErrInterrupted) || errors.Is(err, atomicfile.ErrChanged)
}

// close closes the file and completes the one of the rejected lines.
func (in *input) close() error {
	in.file.Close()
	return in.rejects.close()
}
