package scrub

import (
	"fmt"
	"io"
	"strings"

	"winnow/internal/ui"
	"winnow/store"
)

// Result counts the lines of a list by verdict. It is what scrub prints as JSON.
type Result struct {
	Lines      int64 `json:"lines"`
	Kept       int64 `json:"kept"`
	Rejected   int64 `json:"rejected"`
	Suppressed int64 `json:"suppressed"`
	Cooling    int64 `json:"cooling"`
	Invalid    int64 `json:"invalid"`
	Duplicate  int64 `json:"duplicate"`
	Unreadable int64 `json:"unreadable"`
	Unknown    int64 `json:"unknown"`  // kept lines whose contact winnow does not know
	ByPhone    int64 `json:"by_phone"` // lines whose contact was found by its phone and not by its key
	Nearly     int64 `json:"nearly"`   // unknown lines whose contact winnow nearly knows
	// NearlyBlocked are those of which the known contact is not to be texted.
	NearlyBlocked int64  `json:"nearly_blocked"`
	Near          []Near `json:"near"`    // the first of them
	Unswept       int64  `json:"unswept"` // stored events that no sweep has read, and scrub ignored

	firstUnreadable string // where it is, and why
	known           int64  // lines whose contact winnow knows; duplicates do not count
}

func (r *Result) count(l *line) {
	r.Lines++
	if l.known && l.verdict != Duplicate {
		r.known++
	}
	if l.byPhone {
		r.ByPhone++
	}
	if l.verdict == Kept {
		if r.Kept++; !l.known {
			r.Unknown++
			r.countNear(l)
		}
		return
	}
	r.Rejected++
	switch l.verdict {
	case Suppressed:
		r.Suppressed++
	case Cooling:
		r.Cooling++
	case Invalid:
		r.Invalid++
	case Duplicate:
		r.Duplicate++
	case Unreadable:
		if r.Unreadable++; r.Unreadable == 1 {
			r.firstUnreadable = l.detail
		}
	}
}

// Near is a kept line whose contact is nearly known.
type Near struct {
	Contact string `json:"contact"`
	Nearly  string `json:"nearly"` // the key of the known contact
}

func (r *Result) countNear(l *line) {
	if l.near == "" {
		return
	}
	r.Nearly++
	if l.nearBlocks {
		r.NearlyBlocked++
	}
	if len(r.Near) < ui.SampleSize {
		r.Near = append(r.Near, Near{strings.Clone(l.key), l.near})
	}
}

// printResult prints the counts, on stderr when stdout is the clean list.
func (o Options) printResult(out *ui.Printer, st *store.Store, r Result) error {
	totals, err := st.Totals()
	if err != nil {
		return err
	}
	r.Near = append([]Near{}, r.Near...)
	if r.Unswept = totals.Lag; out.JSON {
		return out.PrintJSON(r)
	}
	w := out.Stdout
	if o.Output == "" {
		w = out.Stderr
	}
	fmt.Fprintln(w, r.summary())
	r.printNear(w)
	if r.Unreadable > 0 {
		fmt.Fprintf(w, "unreadable lines are not rows of this CSV; the first is %s\n", r.firstUnreadable)
	}
	if r.Unswept > 0 {
		fmt.Fprintf(w, "%s not swept yet and did not count; run winnow sweep, then scrub again\n", ui.CountVerb(r.Unswept, "event", "is", "are"))
	}
	return nil
}

// printNear says which lines were kept although winnow nearly knows their contacts.
func (r *Result) printNear(w io.Writer) {
	if r.Nearly == 0 {
		return
	}
	blocked := ""
	if r.NearlyBlocked > 0 {
		blocked = fmt.Sprintf(", %s as contacts not to be texted", ui.Number(r.NearlyBlocked))
	}
	fmt.Fprintf(w, "%s nearly known%s; correct the list if these are the same contacts:\n", ui.CountVerb(r.Nearly, "kept line", "is", "are"), blocked)
	var rows [][]string
	for _, n := range r.Near {
		rows = append(rows, []string{"  " + n.Contact, "is nearly", n.Nearly})
	}
	ui.Table(w, rows)
}

func (r *Result) summary() string {
	text := fmt.Sprintf("scrub: %s: %s kept, %s rejected: %s suppressed, %s cooling, %s invalid, %s duplicate", ui.Count(r.Lines, "line"),
		ui.Number(r.Kept), ui.Number(r.Rejected), ui.Number(r.Suppressed), ui.Number(r.Cooling), ui.Number(r.Invalid), ui.Number(r.Duplicate))
	if r.Unreadable > 0 {
		text += fmt.Sprintf(", %s unreadable", ui.Number(r.Unreadable))
	}
	if r.Unknown > 0 {
		text += fmt.Sprintf("; %s kept that winnow does not know", ui.Number(r.Unknown))
	}
	if r.ByPhone > 0 {
		text += fmt.Sprintf("; %s found by phone number", ui.Number(r.ByPhone))
	}
	return text
}

// warnUnknown warns when winnow knows fewer than one in a hundred contacts of the
// list: where contacts are identified by an id, the column probably holds something
// else.
func (s *scrubber) warnUnknown() {
	contacts := s.result.Kept + s.result.Suppressed + s.result.Cooling
	if s.parser.keys.Phone || s.result.Kept == 0 || s.result.known*100 >= contacts {
		return
	}
	found := "none"
	if s.result.known > 0 {
		found = "only " + ui.Number(s.result.known)
	}
	advice := "phone numbers are found when an import of contacts or the send log gave them to a contact"
	switch {
	case !s.parser.phone:
		advice = "--by key looks up keys only; omit it when the column holds phone numbers"
	case s.parser.keys.Region == "":
		advice += "; write them with their country code, or set --region"
	}
	s.out.Warn("found %s of the %s in the list, so few could be rejected; contacts are identified by an id here (contacts.key: text); %s",
		found, ui.Count(contacts, "contact"), advice)
}
