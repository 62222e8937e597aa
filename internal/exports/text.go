package exports

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/ui"
	"winnow/segments"
)

// ExportAndPrint makes a run, delivers it, and shows what there is now. done ends
// the progress of making it.
func (x *Exporter) ExportAndPrint(ctx context.Context, out *ui.Printer, name string, now func() time.Time, done func()) error {
	empty, err := app.EmptyLists(x.Config, x.Store)
	if err != nil {
		return err
	}
	for _, sentence := range empty {
		out.Warn("%s", sentence)
	}
	result, err := x.Export(ctx, name, now(), func() hygiene.Instant { return hygiene.InstantOf(now()) })
	done()
	if err != nil && result.Run.Status != segments.Published && result.Run.Status != segments.Held {
		return err
	}
	e, _ := x.ExportNamed(name)
	// A run that was made is shown, also when something went wrong after it.
	return cmp.Or(err, x.showRun(ctx, out, e, result))
}

// RedeliverAndPrint brings a run where it is missing, and shows where it is now.
func (x *Exporter) RedeliverAndPrint(ctx context.Context, out *ui.Printer, name, run string, to []string) error {
	var done func()
	x.OnSent, done = sending(out)
	did, err := x.Redeliver(ctx, name, run, to)
	done()
	if err != nil {
		return err
	}
	if out.JSON {
		if err := out.PrintJSON(did); err != nil {
			return err
		}
	} else if len(did.Destinations) == 0 {
		_, err := fmt.Fprintf(out.Stdout, "every destination of %s has run %s\n", did.Export, did.Run)
		return err
	}
	return printStates(out, did.Export, did.Run, did.Destinations)
}

// ReleaseAndPrint publishes a held run, delivers it, and shows what readers have
// now. done ends the progress of releasing it.
func (x *Exporter) ReleaseAndPrint(ctx context.Context, out *ui.Printer, export string, scheduled, now hygiene.Instant, done func()) error {
	did, err := x.Release(ctx, export, scheduled, now)
	done()
	if did.Run.Export == "" {
		return err
	}
	e, _ := x.ExportNamed(export)
	if !out.JSON {
		what := ""
		if len(e.To) > 0 { // what servers have stands below, once it is known
			what = ": latest points to it now"
		}
		fmt.Fprintf(out.Stdout, "%s %s/%s%s\n", did.Status, did.Export, did.Name, what)
		for _, other := range did.Discarded {
			fmt.Fprintf(out.Stdout, "discarded %s, which was held too: it tells what changed since a run that is not the last one any more\n", other)
		}
	}
	list, deliverErr := x.deliverAndList(ctx, out, e, did.Run)
	err = errors.Join(err, deliverErr)
	if out.JSON {
		err = errors.Join(err, out.PrintJSON(struct {
			ReleaseResult
			Destinations []deliveryState `json:"destinations"`
		}{did, list}))
	}
	if worthShowing(e, list) {
		err = cmp.Or(err, printStates(out, e.Name, did.Name, list))
	}
	return err
}

// sending shows how much has been sent, to all remotes at once.
func sending(out *ui.Printer) (sent func(int64), done func()) {
	show, done := out.Progress("byte")
	if show == nil {
		return nil, done
	}
	var mu sync.Mutex
	var sum int64
	return func(bytes int64) {
		mu.Lock()
		defer mu.Unlock()
		sum += bytes
		show(sum)
	}, done
}

// deliverAndList brings the remotes of the export what they lack, and tells where the
// run is now.
func (x *Exporter) deliverAndList(ctx context.Context, out *ui.Printer, e segments.Export, run segments.Run) ([]deliveryState, error) {
	var done func()
	x.OnSent, done = sending(out)
	err := x.deliver(ctx, e, true)
	done()
	list, listErr := x.deliveryStates(e, run)
	return list, errors.Join(err, listErr)
}

// troubled tells what went wrong with a run that was made, a sentence a line.
func troubled(out *ui.Printer, r segments.Result) error {
	for _, trouble := range r.Troubles {
		out.Warn("%v", trouble)
	}
	if len(r.Troubles) > 0 {
		return ui.ErrNo
	}
	return nil
}

// showRun tells of a run that was made. People read of its files while it is on
// its way to the remotes.
func (x *Exporter) showRun(ctx context.Context, out *ui.Printer, e segments.Export, r segments.Result) error {
	if !out.JSON {
		showFiles(out.Stdout, r)
	}
	list, err := x.deliverAndList(ctx, out, e, r.Run)
	if out.JSON {
		err = errors.Join(err, out.PrintJSON(struct {
			segments.Run
			Files        []segments.File    `json:"files"`
			Failed       []segments.Failure `json:"failed,omitempty"`
			Destinations []deliveryState    `json:"destinations"`
		}{r.Run, r.Manifest.Files, r.Manifest.Failed, list}))
	}
	failed := troubled(out, r)
	if err == nil && worthShowing(e, list) {
		if !out.JSON {
			fmt.Fprintln(out.Stdout)
		}
		err = printStates(out, e.Name, r.Run.Name, list)
	}
	return cmp.Or(err, failed)
}

func showFiles(w io.Writer, r segments.Result) {
	fmt.Fprintf(w, "%s %s/%s as of %s, through seq %s\n", r.Run.Status, r.Run.Export, r.Run.Name, r.Run.AsOf, ui.Number(r.Run.ThroughSeq))
	rows := [][]string{{"FILE", "ROWS", "BYTES"}}
	for _, f := range r.Manifest.Files {
		rows = append(rows, []string{f.Name, ui.Number(f.Rows), ui.Number(f.Bytes)})
	}
	ui.Table(w, rows)
}
