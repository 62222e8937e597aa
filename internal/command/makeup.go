package command

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
	"winnow/segments"
	"winnow/segments/destination"
	"winnow/segments/destination/local"
	"winnow/store"
)

// madeUp is what bringing a run where it was missing came to.
type madeUp struct {
	Export       string    `json:"export"`
	Run          string    `json:"run"`
	Destinations []arrival `json:"destinations"`
}

// arrival is how a run stands with one destination.
type arrival struct {
	To     string          `json:"to"`
	Status string          `json:"status"` // published, held, missing; of remotes delivered, held, waiting, gone, missing
	Error  string          `json:"error,omitempty"`
	NextAt hygiene.Instant `json:"next_at,omitzero"` // when the daemon tries again
}

func arrivalOf(d store.Delivery) arrival {
	return arrival{To: d.Remote, Status: string(d.Status), Error: d.Error, NextAt: d.NextAt}
}

// well tells whether it is as it should be.
func (r arrival) well() bool {
	return r.Status != missing && r.Status != string(store.Waiting) && r.Status != string(store.Gone)
}

// missing is a run that a directory has not.
const missing = "missing"

// arrivals tell how a run stands with every destination of its export.
func (a *act) arrivals(e segments.Export, run segments.Run) ([]arrival, error) {
	list := []arrival{}
	known, err := a.store.Deliveries(e.Name)
	for _, to := range e.To {
		if folder, isFolder := to.(local.Folder); isFolder {
			list = append(list, arrivalIn(folder, run))
		} else {
			list = append(list, arrivalAt(to.String(), run, known))
		}
	}
	return list, err
}

// arrivalIn tells how a run stands in a folder.
func arrivalIn(folder local.Folder, run segments.Run) arrival {
	place, err := folder.Find(run.Export, run.Name)
	at := arrival{To: folder.String(), Status: [...]string{local.Missing: missing, local.Held: "held", local.Published: "published"}[place]}
	if err != nil {
		at.Error = destination.Reason(err)
	}
	return at
}

// arrivalAt tells how a run stands with a remote. What waits for an older run has
// the older one's error.
func arrivalAt(remote string, run segments.Run, known []store.Delivery) arrival {
	at := arrival{To: remote, Status: missing}
	if run.Status == segments.Held {
		at.Status = string(segments.Held)
	}
	var first *store.Delivery // of those that wait for the remote
	for i := range known {
		d := &known[i]
		if d.Remote != remote {
			continue
		}
		if first == nil && d.Status == store.Waiting {
			first = d
		}
		if d.ScheduledAt != run.ScheduledAt {
			continue
		}
		at.Status, at.Error, at.NextAt = string(d.Status), d.Error, d.NextAt
		if d.Status == store.Waiting && d != first {
			at.Error, at.NextAt = "run "+first.Export+"/"+first.Run+" goes there first: "+first.Error, first.NextAt
		}
	}
	return at
}

// worthSaying tells whether to list the destinations: when there are remotes, or
// when one of the destinations lacks the run.
func worthSaying(e segments.Export, list []arrival) bool {
	return len(remotesOf(e)) > 0 || slices.ContainsFunc(list, func(at arrival) bool { return !at.well() })
}

// sayArrivals prints where a run is, and on stderr what keeps it from where it
// is not, with what to do.
func (c *call) sayArrivals(export, run string, list []arrival) error {
	if !c.json && len(list) > 0 {
		rows := [][]string{{"DESTINATION", "STATUS"}}
		for _, at := range list {
			rows = append(rows, []string{at.To, at.Status})
		}
		table(c.Stdout, rows)
	}
	var err error
	for _, at := range list {
		if at.well() {
			continue
		}
		err = errNo
		why, then := fmt.Sprintf("destination %s has not got run %s/%s", at.To, export, run), ""
		if at.Error != "" {
			why = fmt.Sprintf("destination %s: delivering run %s/%s: %s", at.To, export, run, at.Error)
		}
		if at.Status == string(store.Waiting) {
			then = fmt.Sprintf("a daemon tries again by itself, not before %s; or now: ", at.NextAt)
		}
		fmt.Fprintf(c.Stderr, "winnow: %s\nwinnow: %swinnow export %s --run %s --to %s\n", why, then, export, run, at.To)
	}
	return err
}

// makeUp brings a published run to these destinations, or, without any, to all of
// the export's that lack it. A directory may be any.
func (a *act) makeUp(ctx context.Context, name, which string, to []string) (madeUp, error) {
	e, err := a.exportNamed(name)
	if err != nil {
		return madeUp{}, err
	}
	run, err := a.publishedRun(e, which)
	if err != nil {
		return madeUp{}, err
	}
	did := madeUp{Export: e.Name, Run: run.Name, Destinations: []arrival{}}
	targets, err := a.targets(e, run, to)
	if err != nil || len(targets) == 0 {
		return did, err
	}
	from, err := a.wholeCopy(ctx, e, run.Name)
	if err != nil {
		return did, fmt.Errorf("run %s/%s can't be made up: %w", e.Name, run.Name, err)
	}
	defer from.Close()
	for _, t := range targets {
		var at arrival
		if folder, isFolder := t.(local.Folder); isFolder {
			at, err = a.put(ctx, e, run, folder, from.FS())
		} else {
			at, err = a.bring(ctx, e, run, t)
		}
		if did.Destinations = append(did.Destinations, at); err != nil {
			return did, err
		}
	}
	return did, nil
}

// bring brings the run to a remote of the export.
func (a *act) bring(ctx context.Context, e segments.Export, run segments.Run, to segments.Destination) (at arrival, err error) {
	d := store.Delivery{Export: e.Name, Run: run.Name, ScheduledAt: run.ScheduledAt, Remote: to.String()}
	err = a.delivering(ctx, e.Name, to, func() error {
		if err := a.owe(e); err != nil {
			return err
		}
		known, err := a.store.Deliveries(e.Name)
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(known, func(k store.Delivery) bool { return k.ScheduledAt == d.ScheduledAt && k.Remote == d.Remote }); i >= 0 {
			d = known[i]
		}
		at, err = a.attempt(ctx, e, to, d)
		return err
	})
	return at, err
}

// put copies the run into a directory, of which the store keeps nothing. It is
// tried once: sweeps and runs wait meanwhile.
func (a *act) put(ctx context.Context, e segments.Export, run segments.Run, to segments.Destination, from fs.FS) (arrival, error) {
	at := arrival{To: to.String(), Status: string(segments.Published)}
	var failed error
	err := a.alone(ctx, func() error {
		failed = a.send(ctx, e, to, run.Name, from)
		return ctx.Err()
	})
	if failed != nil {
		at.Status, at.Error = missing, destination.Reason(failed)
	}
	return at, err
}

// publishedRun finds the run by its folder's name, or the latest one.
func (a *act) publishedRun(e segments.Export, which string) (segments.Run, error) {
	if which == "latest" {
		run, ok, err := a.store.LastRun(e.Name, segments.Published, segments.Released)
		if err == nil && !ok {
			err = fmt.Errorf("no run of %s has been published yet: winnow export %s makes one", e.Name, e.Name)
		}
		return run, err
	}
	which = strings.TrimPrefix(which, e.Name+"/")
	at, err := time.Parse(segments.RunLayout, which)
	if err != nil {
		return segments.Run{}, &usageError{fmt.Errorf("--run %q is not a run: write its folder, like 2026-11-23T020000Z, or latest", which)}
	}
	run, known, err := a.store.RunOf(e.Name, hygiene.InstantOf(at))
	if err == nil && (!known || run.Status != segments.Published && run.Status != segments.Released) {
		err = a.notPublished(e, which, run)
	}
	return run, err
}

// notPublished tells how the run stands that was to be made up, and which could
// be.
func (a *act) notPublished(e segments.Export, which string, run segments.Run) error {
	stands := "there is no run " + e.Name + "/" + which
	switch run.Status {
	case "":
	case segments.Held:
		return fmt.Errorf("run %s/%s is held: winnow release %s/%s publishes it first", e.Name, which, e.Name, which)
	default:
		stands = fmt.Sprintf("run %s/%s is %s, and only a published run can be made up", e.Name, which, run.Status)
	}
	published, err := a.store.RunsOf(e.Name, max(e.Keep, 1), segments.Published, segments.Released)
	if err != nil {
		return err
	}
	var kept []string
	for _, r := range published {
		if place, err := a.findRun(e, r.Name); err == nil && place == local.Published {
			kept = append(kept, r.Name)
		}
	}
	const shown = 10
	could := "no run of " + e.Name + " is kept"
	if len(kept) > 0 {
		could = "there are " + strings.Join(kept[:min(len(kept), shown)], ", ")
	}
	if len(kept) > shown {
		could += fmt.Sprintf(" and %d older", len(kept)-shown)
	}
	return fmt.Errorf("%s: %s", stands, could)
}

// targets are the destinations that people named, or those that lack the run.
func (a *act) targets(e segments.Export, run segments.Run, named []string) (list []segments.Destination, err error) {
	for _, name := range named {
		to, err := a.target(e, name)
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
	stands, err := a.arrivals(e, run)
	for i, at := range stands {
		if !at.well() {
			list = append(list, e.To[i])
		}
	}
	return list, err
}

// target finds what people mean by a destination: one of the config, as it is
// written there or shown elsewhere, or any other directory.
func (a *act) target(e segments.Export, name string) (segments.Destination, error) {
	if scheme, _, isURL := strings.Cut(name, "://"); isURL {
		return remoteNamed(e, scheme, name, a.config.Path)
	}
	full := name
	if !filepath.IsAbs(name) {
		full = filepath.Join(filepath.Dir(a.config.Path), name)
	}
	// What the config writes is relative to it, all else to where people are.
	folders, _ := local.Split(e.To)
	if full, err := filepath.Abs(full); err == nil && slices.Contains(folders, local.Folder(full)) {
		return local.Folder(full), nil
	}
	full, err := filepath.Abs(name)
	return local.Folder(full), err
}

// remoteNamed finds a destination of the export by its URL. What is wrong with the
// URL is told without it: it may hold a password.
func remoteNamed(e segments.Export, scheme, name, file string) (segments.Destination, error) {
	meant := scheme + "://…"
	if _, known := config.Kinds.Of(name); known {
		named, err := config.Kinds.Parse(name, nil)
		if err != nil {
			return nil, &usageError{fmt.Errorf("--to: %w", err)}
		}
		meant = named.String()
	}
	for _, to := range e.To {
		if to.String() == meant {
			return to, nil
		}
	}
	return nil, fmt.Errorf("export %s has no destination %s in %s: write it there, with the keys that it needs", e.Name, meant, file)
}
