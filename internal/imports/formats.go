package imports

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/internal/listfile"
	"winnow/internal/ui"
)

// listFormat is the suppression list of another system, as that system exports it.
type listFormat struct {
	keys    []string // the columns that may name the contact, the first that is there
	byPhone bool     // they hold phone numbers
	region  string   // of the numbers, unless a flag names another
	// reason is why a row suppresses. An error says that it is unreadable. aside says why
	// the row suppresses nobody, as a count is to show it: "rows of …".
	reason func(r formatRow) (reason, aside string, err error)
}

// formats are the systems whose lists --from reads.
var formats = map[string]listFormat{
	// Bounces, blocks, invalid addresses, spam reports and unsubscribes are lists apart,
	// which their columns tell apart.
	"sendgrid": {keys: []string{"email"}, reason: func(r formatRow) (string, string, error) {
		switch {
		case r.text("status") != "" || r.text("reason") != "":
			return hardBounce, "", nil
		case r.has("ip") || r.has("status") || r.has("reason"):
			return complaint, "", nil
		}
		return hygiene.OptedOut, "", nil
	}},
	"mailgun": {keys: []string{"address"}, reason: func(r formatRow) (string, string, error) {
		switch {
		case r.text("code") != "" || r.text("error") != "":
			return hardBounce, "", nil
		case r.has("tags") || r.has("tag"):
			return hygiene.OptedOut, "", nil
		}
		return complaint, "", nil
	}},
	"postmark": {keys: []string{"EmailAddress", "Email"}, reason: func(r formatRow) (string, string, error) {
		return r.oneOf([]string{"SuppressionReason", "Reason"}, map[string]string{"hardbounce": hardBounce, "spamcomplaint": complaint, "manualsuppression": hygiene.OptedOut})
	}},
	// A number that its carrier took back: a daily file of numbers without a header.
	"twilio-deactivations": {keys: []string{"phone", "phone_number", "number"}, byPhone: true, region: "US", reason: func(formatRow) (string, string, error) {
		return "deactivated", "", nil
	}},
	// The consent registry of Turkey has a consent for each channel.
	"iys": {keys: []string{"recipient", "alıcı", "telefon", "gsm"}, byPhone: true, region: "TR", reason: func(r formatRow) (string, string, error) {
		if channel := plainName(r.first("type", "izin türü", "ileti türü", "kanal")); channel != "" && channel != "mesaj" && channel != "sms" {
			return "", "rows of another channel than messages", nil
		}
		switch plainName(r.first("status", "izin durumu", "durum")) {
		case "onay", "onayli":
			return "", "rows of a consent, which lifts nothing", nil
		}
		return r.oneOf([]string{"status", "izin durumu", "durum"}, map[string]string{"ret": hygiene.OptedOut, "red": hygiene.OptedOut})
	}},
}

const (
	hardBounce = "hard_bounce"
	complaint  = "complaint"
)

// Formats lists the systems whose lists --from reads.
func Formats() []string { return slices.Sorted(maps.Keys(formats)) }

// CheckFormat returns a usage error for a system whose lists are not known; an empty name
// is none.
func CheckFormat(name string) error {
	if _, ok := formats[name]; ok || name == "" {
		return nil
	}
	return ui.Usagef("--from %s: write one of %s", ui.ShellQuote(name), strings.Join(Formats(), ", "))
}

// formatRow is a row of another system's list.
type formatRow struct {
	row     *listfile.Row
	columns map[string]int // by plainName
}

// has reports whether the row says anything of a column.
func (r formatRow) has(column string) bool {
	i, ok := r.columns[plainName(column)]
	return ok && !r.row.Cell(i).Absent
}

// cell is the cell of the first of the columns that the row has.
func (r formatRow) cell(columns ...string) listfile.Cell {
	for _, c := range columns {
		if r.has(c) {
			return r.row.Cell(r.columns[plainName(c)])
		}
	}
	return listfile.Cell{Absent: true}
}

func (r formatRow) text(column string) string { return r.cell(column).Text }

func (r formatRow) first(columns ...string) string { return r.cell(columns...).Text }

// oneOf is the reason that a word in a column stands for, by its plainName.
func (r formatRow) oneOf(columns []string, reasons map[string]string) (reason, aside string, err error) {
	cell := r.cell(columns...)
	switch reason, ok := reasons[plainName(cell.Text)]; {
	case cell.Err != nil:
		return "", "", fmt.Errorf("%s: %w", columns[0], cell.Err)
	case ok:
		return reason, "", nil
	case cell.Text == "":
		return "", "", errors.New(columns[0] + " is empty")
	}
	return "", "", fmt.Errorf("%s %q is not known", columns[0], shorten(cell.Text))
}

// plainName is a name without case, blanks, marks and accents, by which names of columns
// are compared: exports call one column "Email Address", EmailAddress and email_address.
func plainName(name string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case ' ', '_', '-', '\u00a0', '\u0307':
			return -1
		case 'ı', 'İ':
			return 'i'
		case 'ş':
			return 's'
		case 'ğ':
			return 'g'
		case 'ç':
			return 'c'
		case 'ö':
			return 'o'
		case 'ü':
			return 'u'
		}
		return r
	}, strings.ToLower(name))
}
