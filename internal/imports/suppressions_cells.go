package imports

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/hygiene/instant"
	"winnow/internal/app"
	"winnow/internal/csvlist"
	"winnow/internal/listfile"
	"winnow/internal/scrub"
)

// reasonsOf returns the reasons of a row, at least one: as people, exports and scrub
// write them. wrong says why the row's own could not be read. The error is that the row
// gives none.
func (im *suppressionImport) reasonsOf(row *listfile.Row) (reasons []string, wrong, err error) {
	switch {
	case im.options.From != "":
		return im.reasonsFrom(row)
	case im.reason < 0:
		return []string{im.options.Reason}, nil, nil
	}
	cell := row.Cell(im.reason)
	if cell.Err != nil {
		return []string{im.unreadReason()}, fmt.Errorf("reason: %w", cell.Err), nil
	}
	switch verdict, reasons := scrub.ParseReason(cell.Text); verdict {
	case scrub.Kept: // not a cell of scrub's
	case scrub.Suppressed:
		cell.Text = reasons
		im.scrubbed++
	default:
		return nil, nil, fmt.Errorf("%q is why scrub rejected the line, not a reason to suppress; remove the line, or rename the reason", shorten(cell.Text))
	}
	for name := range strings.FieldsFuncSeq(cell.Text, func(r rune) bool { return strings.ContainsRune(csvlist.Delimiters, r) }) {
		reason, ok := im.readReason(strings.TrimSpace(name))
		if !ok {
			reason, wrong = im.unreadReason(), fmt.Errorf("%q is not a reason; it is read as %s", shorten(name), im.unreadReason())
		}
		if !slices.Contains(reasons, reason) {
			reasons = append(reasons, reason)
		}
	}
	switch {
	case len(reasons) > 0:
		return reasons, wrong, nil
	case im.options.Reason != "":
		return []string{im.options.Reason}, nil, nil
	}
	return []string{hygiene.OptedOut}, errors.New("no reason; it is read as " + hygiene.OptedOut), nil
}

// reasonsFrom returns the reason of a row of another system's list. With --reason it is
// that for all.
func (im *suppressionImport) reasonsFrom(row *listfile.Row) (reasons []string, wrong, err error) {
	if im.options.Reason != "" {
		return []string{im.options.Reason}, nil, nil
	}
	reason, _, wrong := formats[im.options.From].reason(formatRow{row, im.format.columns})
	if wrong != nil {
		reason, wrong = hygiene.OptedOut, fmt.Errorf("%w; it is read as %s", wrong, hygiene.OptedOut)
	}
	return []string{reason}, wrong, nil
}

// setAside counts a row of another system's list that suppresses nobody, and reports
// whether it is one.
func (im *suppressionImport) setAside(row *listfile.Row) bool {
	_, aside, _ := formats[im.options.From].reason(formatRow{row, im.format.columns})
	if aside != "" {
		im.aside[aside]++
	}
	return aside != ""
}

// unreadReason is the reason of contacts that a list has for a reason that cannot be read:
// the one that is not lifted by accident.
func (im *suppressionImport) unreadReason() string {
	if im.options.Reason != "" {
		return im.options.Reason
	}
	return hygiene.OptedOut
}

// maxRenamed is the maximum number of reasons that are shown as they were written.
const maxRenamed = 20

// readReason returns the reason that a name is written for: Hard Bounce is hard_bounce,
// and unsubscribed is opted_out.
func (im *suppressionImport) readReason(name string) (reason string, ok bool) {
	reason, other := im.app.Config.Policy.ReasonOf(name)
	switch {
	case other:
		im.noteRenamed(name, reason)
		return reason, true
	case app.IsName(name):
		return name, true
	}
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return r == ' ' || r == '_' || r == '-' || r == '.' || r == '/' || r == '\u00a0'
	})
	if reason = strings.Join(words, "_"); !app.IsName(reason) {
		return "", false
	}
	im.noteRenamed(name, reason)
	return reason, true
}

func (im *suppressionImport) noteRenamed(name, reason string) {
	if len(im.renamed) < maxRenamed {
		im.renamed[name] = reason
	}
}

// untilOf returns when the suppressions of a row end; 0 for never, also after an error.
func (im *suppressionImport) untilOf(row *listfile.Row) (instant.Instant, error) {
	if im.until < 0 {
		return 0, nil
	}
	cell := row.Cell(im.until)
	if cell.Text == "" && cell.Err == nil {
		return 0, nil
	}
	until, err := instant.Instant(0), cell.Err
	if err == nil {
		until, err = instant.ParseTime(cell.Text)
	}
	if err != nil {
		return 0, fmt.Errorf("until: %w; it is permanent", err)
	}
	return until, nil
}
