package exports

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"winnow/hygiene"
	"winnow/internal/config"
	"winnow/internal/ui"
	"winnow/segments"
	"winnow/segments/destination"
	"winnow/segments/destination/local"
	"winnow/store/runs"
)

// Redelivery is the result of delivering an existing run.
type Redelivery struct {
	Export       string             `json:"export"`
	Run          string             `json:"run"`
	Destinations []DestinationState `json:"destinations"`
}

// Redeliver delivers a published run to these destinations or, if there are none,
// to all destinations of the export that lack it. which is the name of the run, or
// latest. A directory need not be one of the config.
func (x *Exporter) Redeliver(ctx context.Context, name, which string, to []string) (Redelivery, error) {
	e, err := x.ExportNamed(name)
	if err != nil {
		return Redelivery{}, err
	}
	run, err := x.publishedRun(e, which)
	if err != nil {
		return Redelivery{}, err
	}
	result := Redelivery{Export: e.Name, Run: run.Name, Destinations: []DestinationState{}}
	targets, err := x.targets(e, run, to)
	if err != nil || len(targets) == 0 {
		return result, err
	}
	from, err := x.verifiedCopy(ctx, e, run.Name)
	if err != nil {
		return result, fmt.Errorf("run %s/%s can't be redelivered: %w", e.Name, run.Name, err)
	}
	defer from.Close()
	for _, t := range targets {
		var state DestinationState
		if folder, isFolder := t.(local.Folder); isFolder {
			state, err = x.deliverLocal(ctx, e, run, folder, from.FS())
		} else {
			state, err = x.deliverRemote(ctx, e, run, t)
		}
		if result.Destinations = append(result.Destinations, state); err != nil {
			return result, err
		}
	}
	return result, nil
}

// deliverRemote delivers the run to a remote of the export, whether or not it is
// due or was delivered before.
func (x *Exporter) deliverRemote(ctx context.Context, e segments.Export, run segments.Run, to segments.Destination) (state DestinationState, err error) {
	d := runs.Delivery{Export: e.Name, Run: run.Name, ScheduledAt: run.ScheduledAt, Remote: to.String()}
	err = x.withDeliveryLock(ctx, e.Name, to, func() error {
		if err := x.enqueue(e); err != nil {
			return err
		}
		deliveries, err := x.Store.Deliveries(e.Name)
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(deliveries, func(k runs.Delivery) bool { return k.ScheduledAt == d.ScheduledAt && k.Remote == d.Remote }); i >= 0 {
			d = deliveries[i]
		}
		state, err = x.attempt(ctx, e, to, d)
		return err
	})
	return state, err
}

// deliverLocal copies the run into a directory. The store does not record that. It
// is tried once, because sweeps and runs wait meanwhile.
func (x *Exporter) deliverLocal(ctx context.Context, e segments.Export, run segments.Run, to segments.Destination, from fs.FS) (DestinationState, error) {
	state := DestinationState{To: to.String(), Status: string(segments.Published)}
	var sendErr error
	err := x.Exclusive(ctx, func() error {
		sendErr = x.send(ctx, e, to, run.Name, from)
		return ctx.Err()
	})
	if sendErr != nil {
		state.Status, state.Error = missing, destination.Reason(sendErr)
	}
	return state, err
}

// publishedRun finds a published run by the name of its folder, or the latest one.
func (x *Exporter) publishedRun(e segments.Export, which string) (segments.Run, error) {
	if which == "latest" {
		run, ok, err := x.Store.LastRun(e.Name, segments.Published, segments.Released)
		if err == nil && !ok {
			err = fmt.Errorf("no run of %s has been published yet; make one with winnow export %s", e.Name, e.Name)
		}
		return run, err
	}
	which = strings.TrimPrefix(which, e.Name+"/")
	at, err := time.Parse(segments.RunLayout, which)
	if err != nil {
		return segments.Run{}, ui.Usagef("--run %q is not a run; write its folder, for example 2026-11-23T020000Z, or latest", which)
	}
	run, known, err := x.Store.RunOf(e.Name, hygiene.InstantOf(at))
	if err == nil && (!known || run.Status != segments.Published && run.Status != segments.Released) {
		err = x.notPublished(e, which, run)
	}
	return run, err
}

// notPublished is the error for a run that can't be redelivered. It names the runs
// that can be.
func (x *Exporter) notPublished(e segments.Export, which string, run segments.Run) error {
	why := fmt.Errorf("%w %s/%s", ErrRunNotFound, e.Name, which)
	switch run.Status {
	case "":
	case segments.Held:
		return fmt.Errorf("run %s/%s is held; publish it first with winnow release %s/%s", e.Name, which, e.Name, which)
	default:
		why = fmt.Errorf("run %s/%s is %s, and only a published run can be redelivered", e.Name, which, run.Status)
	}
	published, err := x.Store.RunsOf(e.Name, max(e.Keep, 1), segments.Published, segments.Released)
	if err != nil {
		return err
	}
	var kept []string
	for _, r := range published {
		if place, err := x.locate(e, r.Name); err == nil && place == local.Published {
			kept = append(kept, r.Name)
		}
	}
	const maxRuns = 10
	others := "no run of " + e.Name + " is kept"
	if len(kept) > 0 {
		others = "kept runs: " + strings.Join(kept[:min(len(kept), maxRuns)], ", ")
	}
	if len(kept) > maxRuns {
		others += fmt.Sprintf(" and %d older", len(kept)-maxRuns)
	}
	return fmt.Errorf("%w; %s", why, others)
}

// targets are the named destinations, each once, or those that lack the run.
func (x *Exporter) targets(e segments.Export, run segments.Run, named []string) (list []segments.Destination, err error) {
	for _, name := range named {
		to, err := x.target(e, name)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(list, func(other segments.Destination) bool { return other.String() == to.String() }) {
			list = append(list, to)
		}
	}
	if len(named) > 0 {
		return list, nil
	}
	states, err := x.DestinationStates(e, run)
	for i, s := range states {
		if !s.ok() {
			list = append(list, e.To[i])
		}
	}
	return list, err
}

// target finds the destination that a name means: one of the config, written as
// there or as winnow prints it, or any other directory.
func (x *Exporter) target(e segments.Export, name string) (segments.Destination, error) {
	if scheme, _, isURL := strings.Cut(name, "://"); isURL {
		return remoteNamed(e, scheme, name, x.Config.Path)
	}
	full := name
	if !filepath.IsAbs(name) {
		full = filepath.Join(filepath.Dir(x.Config.Path), name)
	}
	// A destination of the config is relative to the config, any other to the
	// working directory.
	folders, _ := local.Split(e.To)
	if full, err := filepath.Abs(full); err == nil && slices.Contains(folders, local.Folder(full)) {
		return local.Folder(full), nil
	}
	full, err := filepath.Abs(name)
	return local.Folder(full), err
}

// remoteNamed finds a remote of the export by its URL. Errors do not show the URL
// as it was typed: it may contain a password.
func remoteNamed(e segments.Export, scheme, name, file string) (segments.Destination, error) {
	meant, shown := name, scheme+"://…"
	if _, known := config.Kinds.Of(name); known {
		named, err := config.Kinds.Parse(name, nil)
		if err != nil {
			return nil, ui.Usagef("--to: %w", err)
		}
		meant, shown = named.String(), named.String()
	}
	for _, to := range e.To {
		if to.String() == meant {
			return to, nil
		}
	}
	return nil, fmt.Errorf("export %s has no destination %s in %s; add it there, with the keys that it needs", e.Name, shown, file)
}
