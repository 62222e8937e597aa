package segments

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"winnow/hygiene"
)

// Snapshot is one moment of the roster: whatever is asked of it, and however
// long it takes, the answers are of that moment.
type Snapshot interface {
	Lists
	// Contacts visits everyone in byte order of the key. The contact is used
	// again for the next visit. With messages the MessageID and UniqueArgs of a
	// retry are filled. An error of visit ends the visits and is returned.
	Contacts(ctx context.Context, messages bool, visit func(*hygiene.Contact) error) error
	// ListsOf names the static lists that the contact of that key is on.
	ListsOf(key string) ([]string, error)
}

// progressEvery is how many contacts pass between two calls of progress.
const progressEvery = 4096

// Execute makes the run: all segments in one pass over the snapshot, into every
// destination. progress, unless it is nil, is told now and then how many
// contacts are done.
//
// A segment that fails has no file and is named in the manifest; a destination
// that fails keeps the run before. The run is published when one segment and
// one destination are well. Otherwise, and when the snapshot can't be read or
// ctx ends, nothing is published and the error says why.
//
// A run that the guard objects to is held: it is written, apart from the
// published ones, and readers are not pointed to it.
func Execute(ctx context.Context, plan Plan, from Snapshot, to []Destination, progress func(done int64)) (Result, error) {
	x := newExecution(&plan, from)
	defer x.abort()
	x.begin(to)
	err := x.pass(ctx, from, progress)
	if err == nil {
		x.finish()
		err = x.publish(ctx)
	}
	result := Result{Run: plan.Run, Manifest: x.manifest}
	if err != nil {
		result.Run.Status, result.Run.Error = Failed, err.Error()
		return result, fmt.Errorf("run %s/%s: %w", plan.Export.Name, plan.Run.Name, err)
	}
	result.Run, result.Troubles = x.recorded(), x.troubles()
	result.Run.Status = Published
	if len(x.objections) > 0 {
		result.Run.Status = Held
	}
	return result, nil
}

// execution is a run in the making.
type execution struct {
	plan        *Plan
	members     *Membership
	view        view
	outputs     []*output
	replicas    []*replica
	pruning     []error
	manifest    Manifest
	compressors *compressors
	member      member

	parts      []Part
	objections []error // of the guard
}

// output is one segment of the run.
type output struct {
	name    string
	index   int // of the segment in the plan
	columns []Column
	files   []*file
	roll    *roll
	delta   *delta // nil without one
	cells   []cell // of the present row; the first is the change, which only a delta shows
	err     error  // why the segment has no file
}

func newExecution(p *Plan, from Snapshot) *execution {
	return &execution{
		plan:        p,
		members:     NewMembership(p.Segments, from, p.Run.AsOf),
		view:        view{asOf: p.Run.AsOf, phoneKeys: p.PhoneKeys, listsOf: from.ListsOf},
		manifest:    newManifest(p),
		compressors: newCompressors(),
	}
}

// begin opens a draft in each destination and the files of each segment.
func (x *execution) begin(to []Destination) {
	for _, d := range to {
		r := &replica{to: d}
		r.draft, r.err = d.Begin(x.plan.Export.Name, x.plan.Run.Name)
		x.replicas = append(x.replicas, r)
	}
	for i, name := range x.plan.Export.Segments {
		if slices.Contains(x.plan.Export.Segments[:i], name) {
			continue // named twice, it is still one file
		}
		o := &output{name: name}
		o.err = x.open(o)
		x.outputs = append(x.outputs, o)
	}
}

func (x *execution) open(o *output) error {
	i := slices.IndexFunc(x.plan.Segments, func(s Segment) bool { return s.Name == o.name })
	if i < 0 {
		return fmt.Errorf("there is no segment %q", o.name)
	}
	o.index, o.columns = i, x.plan.Segments[i].Columns
	if len(o.columns) == 0 {
		o.columns = DefaultColumns()
	}
	o.cells = make([]cell, 1+len(o.columns))
	for _, format := range x.formats() {
		e, err := newEncoder(format, o.columns, x.plan.Export.CSV)
		if err != nil {
			return err
		}
		entry := File{Name: o.name + "." + string(format), Segment: o.name, Format: format, Kind: Full, Columns: headers(o.columns)}
		if entry.Name == ManifestName {
			return fmt.Errorf("its file %s would take the manifest's place: give the segment another name", ManifestName)
		}
		o.files = append(o.files, createFile(entry, e, x.replicas, x.compressors))
	}
	o.roll = x.openRoll(o.name)
	if slices.Contains(x.plan.Export.Delta, o.name) {
		o.delta = x.openDelta(o)
	}
	return nil
}

// formats are the export's, each once.
func (x *execution) formats() []Format {
	return slices.Compact(slices.Sorted(slices.Values(x.plan.Export.Formats)))
}

func headers(columns []Column) []string {
	headers := make([]string, len(columns))
	for i, c := range columns {
		headers[i] = c.Header()
	}
	return headers
}

// pass shows everyone to every segment.
func (x *execution) pass(ctx context.Context, from Snapshot, progress func(int64)) error {
	done := int64(0)
	if err := x.standing(ctx); err != nil {
		return err
	}
	err := from.Contacts(ctx, x.needsMessages(), func(c *hygiene.Contact) error {
		x.visit(c)
		done++
		if done%progressEvery != 0 {
			return nil
		}
		if progress != nil {
			progress(done)
		}
		return x.standing(ctx)
	})
	if err == nil && progress != nil {
		progress(done)
	}
	return err
}

func (x *execution) needsMessages() bool {
	return slices.ContainsFunc(x.outputs, func(o *output) bool { return slices.ContainsFunc(o.columns, Column.needsMessage) })
}

func (x *execution) visit(c *hygiene.Contact) {
	x.members.Turn(c)
	x.view.turn(c)
	x.member = memberAt(c, x.plan.Run.AsOf)
	for _, o := range x.outputs {
		if o.err == nil {
			o.err = x.write(o)
		}
	}
}

// write writes the present contact to the segment's files, if it is in it, and
// to the delta's, if it is there for the first time or no longer.
func (x *execution) write(o *output) error {
	is, err := x.members.in(o.index)
	if err != nil {
		return err
	}
	change := ""
	if o.delta != nil {
		change = o.delta.turn(&x.member, is)
	}
	if !is && change == "" {
		return nil
	}
	if err := x.view.show(o.columns, o.cells[1:]); err != nil {
		return err
	}
	if is {
		o.roll.add(&x.member)
		for _, f := range o.files {
			f.row(o.cells[1:])
		}
	}
	if change != "" {
		o.cells[0].setText(change)
		o.delta.row(o.cells)
	}
	return nil
}

// standing is an error once nothing can come of the run: ctx has ended, or no
// segment or no destination is left.
func (x *execution) standing(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !slices.ContainsFunc(x.outputs, func(o *output) bool { return o.err == nil }) {
		return x.failure(x.segmentTroubles(), "it has no segments")
	}
	if !slices.ContainsFunc(x.replicas, func(r *replica) bool { return r.err == nil }) {
		return x.failure(x.destinationTroubles(), "it has no destination")
	}
	return nil
}

func (x *execution) failure(troubles []error, none string) error {
	if len(troubles) == 0 {
		return errors.New(none)
	}
	return Sentence(troubles)
}

// publish adds the manifest and makes the run visible, or holds it, destination
// by destination. Once one has it, the rest is carried through.
func (x *execution) publish(ctx context.Context) error {
	if err := x.standing(ctx); err != nil {
		return err
	}
	text, err := x.manifest.text()
	if err != nil {
		return fmt.Errorf("writing the manifest: %w", err)
	}
	if err := x.ready(); err != nil {
		return err
	}
	for _, r := range x.replicas {
		if r.err == nil {
			x.publishTo(r, text)
		}
	}
	return x.standing(context.WithoutCancel(ctx))
}

// ready records in the book what the run holds, just before readers can see it.
func (x *execution) ready() error {
	if x.plan.Book == nil {
		return nil
	}
	return x.plan.Book.ReadyRun(x.recorded(), x.parts)
}

// recorded is the run with what went wrong so far, as it is recorded.
func (x *execution) recorded() Run {
	run := x.plan.Run
	run.Error, run.HeldReason = Sentence(x.troubles()).Error(), Sentence(x.objections).Error()
	return run
}

// heldAdvice says what to do about a run that is held.
func (x *execution) heldAdvice() []error {
	if len(x.objections) == 0 {
		return nil
	}
	i := max(0, slices.IndexFunc(x.replicas, func(r *replica) bool { return r.err == nil }))
	there := x.replicas[i].to
	return []error{fmt.Errorf("the run is held and readers keep the previous one: look at %s/%s/held/%s, then publish it with winnow release %[2]s/%[3]s",
		there, x.plan.Export.Name, x.plan.Run.Name)}
}

func (x *execution) publishTo(r *replica, manifest []byte) {
	end := r.draft.Publish
	if len(x.objections) > 0 {
		end = r.draft.Hold
	}
	if err := publish(r.draft, manifest, end); err != nil {
		r.fail(err)
		return
	}
	r.draft = nil
	if len(x.objections) > 0 {
		return
	}
	if err := r.to.Prune(x.plan.Export.Name, max(x.plan.Export.Keep, 1)); err != nil {
		x.pruning = append(x.pruning, err)
	}
}

func publish(d Draft, manifest []byte, end func() error) error {
	f, err := d.Create(ManifestName)
	if err != nil {
		return err
	}
	_, err = f.Write(manifest)
	if err := cmp.Or(err, f.Close()); err != nil {
		return err
	}
	return end()
}

// abort takes away what was not published.
func (x *execution) abort() {
	for _, o := range x.outputs {
		o.abandon()
	}
	for _, r := range x.replicas {
		r.abort()
	}
}

func (x *execution) troubles() []error {
	return slices.Concat(x.objections, x.heldAdvice(), x.segmentTroubles(), x.destinationTroubles(), x.pruning)
}

func (x *execution) segmentTroubles() []error {
	var troubles []error
	for _, o := range x.outputs {
		if o.err != nil {
			troubles = append(troubles, fmt.Errorf("segment %q: %w", o.name, o.err))
		} else if o.delta != nil {
			if err := o.delta.trouble(o.roll.unkept); err != nil {
				troubles = append(troubles, fmt.Errorf("segment %q: %w", o.name, err))
			}
		}
	}
	return troubles
}

func (x *execution) destinationTroubles() []error {
	var troubles []error
	for _, r := range x.replicas {
		if r.err != nil {
			troubles = append(troubles, r.err)
		}
	}
	return troubles
}

// Sentence is several errors in one line.
type Sentence []error

// Error tells them one after the other.
func (s Sentence) Error() string {
	texts := make([]string, len(s))
	for i, err := range s {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "; ")
}

// Unwrap gives them one by one.
func (s Sentence) Unwrap() []error { return s }
