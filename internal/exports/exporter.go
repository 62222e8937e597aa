// Package exports makes the runs of exports and delivers them to their
// destinations.
//
// A run is begun in the store, made from one snapshot, and ended in the store; then
// the destinations are made to agree with the store. Each step can be repeated, so
// a process that is killed at any point leaves nothing half done.
//
// A run is always made on this machine first. If the export has remote
// destinations, the run is also written to the outbox, a directory beside the
// store. Once it is published or released, it is copied from there to each remote.
// So a slow server delays no run, a held run never leaves the machine, and a server
// that was down can get what it missed as long as the run is kept.
//
// Where to change what:
//
//   - the steps of a run, and their order: exportLocked in run.go;
//   - what is repaired and removed after a run and at the start: recovery.go;
//   - which copy is delivered, and in which order: deliver.go; --to: redeliver.go;
//   - how a held run is published: release.go;
//   - when a failed delivery is retried: [DeliveryBackoff];
//   - what operators are warned of: [DeliveryAlerts];
//   - kinds of destinations: package destination.
package exports

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/atomicfile"
	"winnow/segments"
	"winnow/segments/destination/local"
	"winnow/store/engine"
	"winnow/store/runs"
)

// Exporter makes runs, releases held ones and delivers them.
type Exporter struct {
	*app.Operations
	By        string                     // who asks for runs and releases; empty for the schedule
	OnSent    func(bytes int64)          // reports further bytes sent to remotes, from several goroutines; may be nil
	OnAttempt func(runs.Delivery)        // reports how a delivery went; may be nil
	OnBusy    func(holder engine.Holder) // reports a process that is delivering, and is waited for; may be nil
}

// ErrExportNotFound says that the config has no such export.
var ErrExportNotFound = errors.New("there is no export")

// Clock returns the current time.
type Clock func() hygiene.Instant

// ForRequest is an exporter that waits for the store lock only as long as the
// request lasts.
func (x *Exporter) ForRequest(request context.Context) *Exporter {
	other := *x
	other.Operations = x.Operations.ForRequest(request)
	return &other
}

// SignedBy is an exporter whose runs and releases somebody asks for.
func (x *Exporter) SignedBy(by string) *Exporter {
	other := *x
	other.By = by
	return &other
}

// ExportNamed is the export of that name in the config; otherwise the error is
// [ErrExportNotFound].
func (x *Exporter) ExportNamed(name string) (segments.Export, error) {
	i := slices.IndexFunc(x.Config.Exports, func(e segments.Export) bool { return e.Name == name })
	if i < 0 {
		var names []string
		for _, e := range x.Config.Exports {
			names = append(names, e.Name)
		}
		return segments.Export{}, fmt.Errorf("%w %q in %s; it has %q", ErrExportNotFound, name, x.Config.Path, names)
	}
	return x.Config.Exports[i], nil
}

// DestinationNames names the destinations of an export, without secrets.
func DestinationNames(e *segments.Export) []string {
	var list []string
	for _, to := range e.To {
		list = append(list, to.String())
	}
	return list
}

// outbox is the directory from which runs are copied to remotes.
func (x *Exporter) outbox() local.Folder { return local.Folder(x.Store.Folder("outbox")) }

// Directories are where runs of the export are written on this machine: its local
// destinations, and the outbox if it has remotes.
func (x *Exporter) Directories(e segments.Export) []local.Folder {
	list, remotes := local.Split(e.To)
	if len(remotes) > 0 && !slices.Contains(list, x.outbox()) {
		list = append(list, x.outbox())
	}
	return list
}

// makeOutbox makes the outbox, if the export needs one. Unlike the folders that the
// CRM reads it is for winnow alone. If it can't be made, making the run says so.
func (x *Exporter) makeOutbox(e segments.Export) {
	if locals, remotes := local.Split(e.To); len(remotes) > 0 && !slices.Contains(locals, x.outbox()) {
		_ = atomicfile.MakePrivateFolder(x.outbox().String())
	}
}

// Remotes are where published runs of an export are delivered: its destinations
// that are not folders of this machine.
func Remotes(e segments.Export) []segments.Destination {
	_, remotes := local.Split(e.To)
	return remotes
}

func (x *Exporter) publishers(e segments.Export) []segments.Publisher {
	var list []segments.Publisher
	for _, d := range x.Directories(e) {
		list = append(list, d)
	}
	return list
}
