package segments

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"winnow/hygiene"
)

// Snapshot is one moment of the contacts: all its answers are of that moment,
// however long it is used.
type Snapshot interface {
	Lists
	// Contacts visits all contacts in byte order of the key. The contact is reused
	// for the next visit. With messages, the MessageID and UniqueArgs of a retry
	// are filled in. An error of visit ends the visits and is returned.
	Contacts(ctx context.Context, messages bool, visit func(*hygiene.Contact) error) error
	// ListsOf names the static lists that the contact with that key is on.
	ListsOf(key string) ([]string, error)
}

// progressEvery is how many contacts pass between two calls of progress.
const progressEvery = 4096

// Execute makes the run: all segments in one pass over the snapshot, at every
// publisher. progress, unless it is nil, is called now and then with the number
// of contacts done.
//
// A segment that fails has no file and is named in the manifest; a publisher that
// fails keeps the previous run. The run is published when at least one segment
// and one publisher succeeded. Otherwise, and when the snapshot can't be read or
// ctx ends, nothing is published and the error says why.
//
// A run that the guard objects to is held: it is written, apart from the
// published ones, and readers are not pointed to it.
func Execute(ctx context.Context, plan Plan, from Snapshot, to []Publisher, progress func(done int64)) (Result, error) {
	x := newExecution(&plan, from)
	defer x.abort()
	x.open(to)
	err := x.evaluate(ctx, from, progress)
	if err == nil {
		x.close()
		err = x.publish(ctx)
	}
	result := Result{Run: plan.Run, Manifest: x.manifest}
	if err != nil {
		result.Run.Status, result.Run.Error = Failed, err.Error()
		return result, fmt.Errorf("run %s/%s: %w", plan.Export.Name, plan.Run.Name, err)
	}
	result.Run, result.Problems = x.recorded(), x.problems()
	result.Run.Status = Published
	if len(x.objections) > 0 {
		result.Run.Status = Held
	}
	return result, nil
}

// execution is a run in the making.
type execution struct {
	plan        *Plan
	membership  *Membership
	view        view
	outputs     []*output
	replicas    []*replica
	manifest    Manifest
	compressors *compressors
	member      member // the present contact

	parts       []RunSegment // the segments that are whole
	objections  []error      // of the guard
	pruneErrors []error
}

func newExecution(p *Plan, from Snapshot) *execution {
	return &execution{
		plan:        p,
		membership:  NewMembership(p.Segments, from, p.Run.AsOf),
		view:        view{asOf: p.Run.AsOf, phoneKeys: p.PhoneKeys, listsOf: from.ListsOf},
		manifest:    newManifest(p),
		compressors: newCompressors(),
	}
}

// open opens a draft at each publisher and the files of each segment.
func (x *execution) open(to []Publisher) {
	for _, p := range to {
		r := &replica{to: p}
		r.draft, r.err = p.Begin(x.plan.Export.Name, x.plan.Run.Name)
		x.replicas = append(x.replicas, r)
	}
	for i, name := range x.plan.Export.Segments {
		if slices.Contains(x.plan.Export.Segments[:i], name) {
			continue // named twice, it is still one file
		}
		o := &output{name: name, times: x.plan.Export.Times, phoneKeys: x.plan.PhoneKeys}
		o.err = x.openOutput(o)
		x.outputs = append(x.outputs, o)
	}
}

// evaluate shows all contacts to all segments.
func (x *execution) evaluate(ctx context.Context, from Snapshot, progress func(int64)) error {
	done := int64(0)
	if err := x.canSucceed(ctx); err != nil {
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
		return x.canSucceed(ctx)
	})
	if err == nil && progress != nil {
		progress(done)
	}
	return err
}

func (x *execution) needsMessages() bool {
	return slices.ContainsFunc(x.outputs, func(o *output) bool { return slices.ContainsFunc(o.columns, Column.needsMessage) })
}

// visit writes the contact to the files of the segments that it is in, and to the
// deltas of those that it entered or left.
func (x *execution) visit(c *hygiene.Contact) {
	x.membership.Reset(c)
	x.view.reset(c)
	x.member = memberAt(c, x.plan.Run.AsOf)
	for _, o := range x.outputs {
		if o.err != nil {
			continue
		}
		isMember, err := x.membership.in(o.index)
		if err == nil {
			err = o.write(&x.member, &x.view, isMember)
		}
		o.err = err
	}
}

// canSucceed returns an error once the run can't succeed any more: ctx has ended,
// or no segment or no publisher is left.
func (x *execution) canSucceed(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !slices.ContainsFunc(x.outputs, func(o *output) bool { return o.err == nil }) {
		return allFailed(x.segmentErrors(), "it has no segments")
	}
	if !slices.ContainsFunc(x.replicas, func(r *replica) bool { return r.err == nil }) {
		return allFailed(x.publisherErrors(), "it has no destination")
	}
	return nil
}

func allFailed(errs []error, none string) error {
	if len(errs) == 0 {
		return errors.New(none)
	}
	return ErrorList(errs)
}

// close ends the files, lists them in the manifest, and asks the guard.
func (x *execution) close() {
	for _, o := range x.outputs {
		if o.err != nil {
			o.discard()
			x.manifest.Failed = append(x.manifest.Failed, Failure{Segment: o.name, Error: o.err.Error()})
			continue
		}
		files, rows := o.close()
		x.manifest.Files = append(x.manifest.Files, files...)
		x.parts = append(x.parts, RunSegment{Segment: o.name, Rows: rows, Members: x.plan.Store != nil, Days: x.daysOf(o.name)})
		if o.delta != nil && o.delta.err != nil {
			x.manifest.Failed = append(x.manifest.Failed, Failure{o.name, Delta, o.deltaError().Error()})
		}
	}
	x.objections = x.plan.Export.Guard.objections(x.plan, x.parts)
}

// daysOf counts the days on which the segment was published, with this run.
func (x *execution) daysOf(segment string) int64 {
	base, ok := x.plan.Bases[segment]
	switch {
	case !ok:
		return 1
	case runDay(base.Run) == runDay(x.plan.Run.Name):
		return base.Days
	}
	return base.Days + 1
}

// publish makes the run visible, or holds it, one publisher after the other. Once
// one has it, the rest is carried through even if ctx ends.
func (x *execution) publish(ctx context.Context) error {
	if err := x.canSucceed(ctx); err != nil {
		return err
	}
	text, err := x.manifest.text()
	if err != nil {
		return fmt.Errorf("writing the manifest: %w", err)
	}
	if x.plan.Store != nil {
		if err := x.plan.Store.ReadyRun(x.recorded(), x.parts); err != nil {
			return err
		}
	}
	hold := len(x.objections) > 0
	for _, r := range x.replicas {
		if r.err != nil {
			continue
		}
		if r.publish(text, hold); r.err != nil || hold {
			continue
		}
		if err := r.to.Prune(x.plan.Export.Name, max(x.plan.Export.Keep, 1)); err != nil {
			x.pruneErrors = append(x.pruneErrors, err)
		}
	}
	return x.canSucceed(context.WithoutCancel(ctx))
}

// abort removes what was not published.
func (x *execution) abort() {
	for _, o := range x.outputs {
		o.abort()
	}
	for _, r := range x.replicas {
		r.abort()
	}
}

// recorded is the run with what went wrong so far, as it is recorded.
func (x *execution) recorded() Run {
	run := x.plan.Run
	run.Error, run.HeldReason = ErrorList(x.problems()).Error(), ErrorList(x.objections).Error()
	return run
}

func (x *execution) problems() []error {
	return slices.Concat(x.objections, x.heldAdvice(), x.segmentErrors(), x.publisherErrors(), x.pruneErrors)
}

// heldAdvice says what to do about a run that is held.
func (x *execution) heldAdvice() []error {
	if len(x.objections) == 0 {
		return nil
	}
	readers := "readers have no run yet"
	if x.plan.Previous != "" {
		readers = "readers keep run " + x.plan.Previous
	}
	i := max(0, slices.IndexFunc(x.replicas, func(r *replica) bool { return r.err == nil }))
	return []error{fmt.Errorf("the run is held, and %s; winnow release %s/%s --show shows who comes and goes, and winnow release %[2]s/%[3]s publishes it; its files are in %s/%[2]s/held/%[3]s",
		readers, x.plan.Export.Name, x.plan.Run.Name, x.replicas[i].to)}
}

func (x *execution) segmentErrors() []error {
	var errs []error
	for _, o := range x.outputs {
		err := o.err
		if err == nil {
			err = o.deltaError()
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("segment %q: %w", o.name, err))
		}
	}
	return errs
}

func (x *execution) publisherErrors() []error {
	var errs []error
	for _, r := range x.replicas {
		if r.err != nil {
			errs = append(errs, r.err)
		}
	}
	return errs
}

// ErrorList is several errors in one line.
type ErrorList []error

// Error joins their texts.
func (s ErrorList) Error() string {
	texts := make([]string, len(s))
	for i, err := range s {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "; ")
}

// Unwrap returns them one by one.
func (s ErrorList) Unwrap() []error { return s }
