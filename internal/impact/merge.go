package impact

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/ui"
	"winnow/store"
)

// MergeOptions say how contacts are merged.
type MergeOptions struct {
	By, Note string
	About    string // what was asked for, in words without keys; empty for the keys themselves
	New      bool   // merge contacts that are not known as written, although their keys are nearly those of known ones
	Apply    bool   // else it is only shown what that would do
}

// MergeResult is what merging contacts did, or would do.
type MergeResult struct {
	Batch      int64          `json:"batch,omitempty"`
	Applied    bool           `json:"applied"`
	Merged     int64          `json:"merged"`     // pairs
	Already    int64          `json:"already"`    // pairs that are one contact already
	Refused    int64          `json:"refused"`    // pairs that can't be merged
	Unknown    int64          `json:"unknown"`    // of the merged, pairs of which winnow knows neither contact
	Suppressed int64          `json:"suppressed"` // of the merged, new contacts that come to be suppressed
	Contacts   int64          `json:"contacts"`   // changed
	Changes    int64          `json:"changes"`    // ledger entries
	Pairs      []MergedPair   `json:"pairs"`      // the first
	Problems   []MergeProblem `json:"problems"`   // the first pairs that can't be merged
}

// MergedPair is one contact that is merged into another.
type MergedPair struct {
	Old    string   `json:"old"`
	New    string   `json:"new"`
	Events int64    `json:"events"`          // in the history of the old contact
	Was    []string `json:"old_reasons"`     // what the old contact is suppressed for
	Had    []string `json:"new_reasons"`     // what the new contact is suppressed for
	Status string   `json:"status"`          // of the contact that they are; unknown if winnow knows neither
	Now    []string `json:"reasons"`         // what it is suppressed for
	Phone  string   `json:"phone,omitempty"` // that the new contact takes over
	Taken  []string `json:"attributes"`      // that the new contact takes over
	Lists  []string `json:"lists"`           // of the old contact
	Pins   []string `json:"pins"`            // segments in which the old contact is pinned
}

// MergeProblem is a pair that can't be merged.
type MergeProblem struct {
	Line  int64  `json:"line,omitempty"` // in a file
	Old   string `json:"old"`
	New   string `json:"new"`
	Error string `json:"error"`
}

// maxMerged is how many pairs a result shows of each kind.
const maxMerged = 20

// Merger merges contacts, or shows what that would do.
type Merger struct {
	ops     *app.Operations
	options MergeOptions
	merging *store.Merging
	now     hygiene.Instant
	result  MergeResult
}

// NewMerger begins to merge contacts.
func NewMerger(ops *app.Operations, o MergeOptions, now hygiene.Instant) (*Merger, error) {
	if o.Apply {
		if err := ops.SavePolicy(now); err != nil {
			return nil, err
		}
	}
	merging, err := ops.Store.BeginMerging(ops.Config.Policy, store.Batch{By: o.By, Note: o.Note, About: o.About}, now)
	result := MergeResult{Applied: o.Apply, Pairs: []MergedPair{}, Problems: []MergeProblem{}}
	return &Merger{ops: ops, options: o, merging: merging, now: now, result: result}, err
}

// Add merges some pairs. lines are those of the file in which they are; nil for none.
func (m *Merger) Add(ctx context.Context, pairs []store.MergePair, lines []int64) error {
	pairs, lines, err := m.withoutNearlyKnown(pairs, lines)
	if err != nil {
		return err
	}
	next := 0
	visit := func(did *store.Merge) {
		line := int64(0)
		if lines != nil {
			line = lines[next]
		}
		next++
		m.count(did, line)
	}
	if m.options.Apply {
		return m.merging.Save(ctx, pairs, visit)
	}
	return m.merging.Preview(pairs, visit)
}

// withoutNearlyKnown leaves out the pairs of a contact that is not known and whose key is
// nearly that of a known one.
func (m *Merger) withoutNearlyKnown(pairs []store.MergePair, lines []int64) ([]store.MergePair, []int64, error) {
	if m.options.New {
		return pairs, lines, nil
	}
	keys := make([]string, 0, 2*len(pairs))
	for _, pair := range pairs {
		keys = append(keys, pair.Old, pair.New)
	}
	near := map[string][]string{}
	if err := m.ops.Store.FindNearKeys(keys, m.ops.Config.Keys, func(i int, list []string) { near[keys[i]] = list }); err != nil || len(near) == 0 {
		return pairs, lines, err
	}
	// A key that has a name is known, also where nothing else is known of it.
	for key := range near {
		names, err := m.ops.Store.Names(key)
		if err != nil {
			return nil, nil, err
		}
		if len(names) > 1 {
			delete(near, key)
		}
	}
	var kept []store.MergePair
	var keptLines []int64
	for i, pair := range pairs {
		line := int64(0)
		if lines != nil {
			line = lines[i]
		}
		doubt := ""
		for _, key := range []string{pair.Old, pair.New} {
			if list := near[key]; list != nil {
				doubt = fmt.Sprintf("%q is not known, and is nearly the key of %s; name that contact, or add --new", key, ui.JoinFirst(list, 5))
			}
		}
		if doubt != "" {
			m.refuse(pair, line, doubt)
			continue
		}
		kept, keptLines = append(kept, pair), append(keptLines, line)
	}
	return kept, keptLines, nil
}

func (m *Merger) refuse(pair store.MergePair, line int64, why string) {
	m.result.Refused++
	if len(m.result.Problems) < maxMerged {
		m.result.Problems = append(m.result.Problems, MergeProblem{line, pair.Old, pair.New, why})
	}
}

func (m *Merger) count(did *store.Merge, line int64) {
	r := &m.result
	switch {
	case did.Refused != nil:
		m.refuse(did.MergePair, line, did.Refused.Error())
		return
	case !did.Done:
		r.Already++
		return
	}
	r.Merged++
	pair := m.describe(did)
	if pair.Status == unknownStatus {
		r.Unknown++
	}
	if len(pair.Had) == 0 && len(pair.Now) > 0 {
		r.Suppressed++
	}
	if len(r.Pairs) < maxMerged {
		r.Pairs = append(r.Pairs, pair)
	}
}

// unknownStatus is the status of contacts that winnow does not know.
var unknownStatus = hygiene.SendabilityOf(nil, 0).Status

func (m *Merger) describe(did *store.Merge) MergedPair {
	pair := MergedPair{Old: did.Old, New: did.New, Status: unknownStatus, Was: []string{}, Had: []string{}, Now: []string{}, Taken: []string{},
		Lists: append([]string{}, did.Lists...), Pins: append([]string{}, did.Segments...)}
	reasons := func(c *hygiene.Contact) []string {
		if c == nil {
			return []string{}
		}
		return append([]string{}, c.Reasons(m.now)...)
	}
	pair.Was, pair.Had, pair.Now = reasons(did.OldContact), reasons(did.Before), reasons(did.After)
	if did.OldContact != nil {
		pair.Events = int64(len(did.OldContact.History.Seqs()))
	}
	if did.After == nil {
		return pair
	}
	pair.Status = did.After.Status(m.now).String()
	before := did.Before
	if before == nil {
		before = &hygiene.Contact{}
	}
	if before.Phone == "" {
		pair.Phone = did.After.Phone
	}
	for _, a := range did.After.Attributes {
		if _, has := before.Attributes.Get(a.Name); !has {
			pair.Taken = append(pair.Taken, a.Name)
		}
	}
	return pair
}

// End finishes the merge.
func (m *Merger) End() (*MergeResult, error) {
	if !m.options.Apply {
		return &m.result, nil
	}
	did, err := m.merging.End()
	m.result.Batch, m.result.Contacts, m.result.Changes = did.Batch, did.Contacts, did.Changes
	return &m.result, err
}

// Err is the error of a merge that refused some pairs, which were printed.
func (r *MergeResult) Err() error {
	if r.Refused > 0 {
		return fmt.Errorf("%s can't be merged", ui.Count(r.Refused, "pair"))
	}
	return nil
}

// Print prints the result, and how to apply or undo it. command applies the preview,
// without --apply.
func (r *MergeResult) Print(out *ui.Printer, command, path string) error {
	for _, p := range r.Problems {
		place := ""
		if p.Line > 0 {
			place = fmt.Sprintf("line %d: ", p.Line)
		}
		fmt.Fprintf(out.Stderr, "winnow: %s%s into %s: %s\n", place, ui.Printable(p.Old), ui.Printable(p.New), ui.Printable(p.Error))
	}
	if out.JSON {
		return out.PrintJSON(r)
	}
	for _, pair := range r.Pairs {
		pair.print(out.Stdout, r.Applied)
	}
	if more := r.Merged - int64(len(r.Pairs)); more > 0 {
		fmt.Fprintf(out.Stdout, "… and %s\n", ui.Count(more, "more pair"))
	}
	fmt.Fprintln(out.Stdout, r.summary())
	switch {
	case r.Applied:
		return app.PrintUndoCommand(out.Stdout, r.Batch, path)
	case r.Merged > 0:
		fmt.Fprintf(out.Stdout, "nothing was changed; to apply this: %s --apply\n", command)
	}
	return nil
}

func (r *MergeResult) summary() string {
	verb := "merged"
	if !r.Applied {
		verb = "would merge"
	}
	text := verb + " " + ui.Count(r.Merged, "contact")
	if r.Unknown > 0 {
		text += fmt.Sprintf(", %s of them unknown to winnow", ui.Number(r.Unknown))
	}
	if r.Already > 0 {
		text += fmt.Sprintf("; %s merged already", ui.CountVerb(r.Already, "pair", "was", "were"))
	}
	if r.Suppressed > 0 {
		text += fmt.Sprintf("; %s suppressed", ui.CountVerb(r.Suppressed, "new contact", "is then", "are then"))
	}
	return text
}

func (p *MergedPair) print(w io.Writer, applied bool) {
	verb := "would be merged"
	if applied {
		verb = "is merged"
	}
	fmt.Fprintf(w, "%s %s into %s\n", ui.Printable(p.Old), verb, ui.Printable(p.New))
	if p.Status == unknownStatus {
		fmt.Fprintln(w, "  winnow knows neither; what comes for the one will be for the other")
		return
	}
	state := p.Status
	if len(p.Now) > 0 {
		state += " for " + strings.Join(p.Now, ", ")
	}
	rows := [][]string{{"  history", ui.Count(p.Events, "event") + " of " + ui.Printable(p.Old)}, {"  status", state + p.why()}}
	for _, row := range [][2]string{{"  phone", p.Phone}, {"  attributes", strings.Join(p.Taken, ", ")}, {"  lists", strings.Join(p.Lists, ", ")}, {"  pins", strings.Join(p.Pins, ", ")}} {
		if row[1] != "" {
			rows = append(rows, []string{row[0], ui.Printable(row[1])})
		}
	}
	ui.Table(w, rows)
}

// why says which reasons come from the old contact.
func (p *MergedPair) why() string {
	var taken []string
	for _, reason := range p.Was {
		if !slices.Contains(p.Had, reason) && slices.Contains(p.Now, reason) {
			taken = append(taken, reason)
		}
	}
	if len(taken) == 0 {
		return ""
	}
	return fmt.Sprintf(" (%s from %s)", strings.Join(taken, ", "), ui.Printable(p.Old))
}

// undoMerges parts the contacts that a batch merged, or merges them again, or shows what
// that would do. It needs no name of a reason: each contact keeps its own suppressions.
func undoMerges(ctx context.Context, ops *app.Operations, u *UndoResult, plan *store.UndoPlan, o BatchUndo, now hygiene.Instant) (*UndoResult, error) {
	u.merges, u.notSuppressed = true, "they are parted"
	if !plan.Undone {
		u.notSuppressed = "they are merged again"
	}
	if !u.Applied {
		totals, err := ops.Store.Totals()
		if err == nil {
			u.Unswept, err = totals.Lag, ops.Store.PreviewUndoMerges(ops.Config.Policy, plan, now, u.effect.observe)
		}
		return u, err
	}
	check := func(store.UndoPlan) error { return nil }
	about := fmt.Sprintf("batch %d: merge", plan.Batch.ID) // the keys are not stored with the batch
	did, err := ops.UndoBatch(ctx, plan.Batch.ID, store.Batch{By: o.By, Note: o.Note, About: about}, now, check, u.effect.observe)
	return u.finish(did, err)
}
