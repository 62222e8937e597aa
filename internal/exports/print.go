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
	"winnow/segments/destination/local"
)

// ExportAndPrint makes a run, delivers it, and prints its files and where it is.
// done ends the progress of making it.
func (x *Exporter) ExportAndPrint(ctx context.Context, out *ui.Printer, name string, now func() time.Time, done func()) error {
	warnings, err := app.EmptyListWarnings(x.Config, x.Store)
	if err != nil {
		return err
	}
	for _, text := range warnings {
		out.Warn("%s", text)
	}
	result, err := x.Export(ctx, name, now(), func() hygiene.Instant { return hygiene.InstantOf(now()) })
	done()
	if err != nil && result.Run.Status != segments.Published && result.Run.Status != segments.Held {
		return err
	}
	e, _ := x.ExportNamed(name)
	// A run that was made is printed even if something failed after it.
	return cmp.Or(err, x.printResult(ctx, out, e, result))
}

// printResult delivers a run that was made and prints it. The files are printed
// first, so people can read of them while the run is on its way to the remotes.
func (x *Exporter) printResult(ctx context.Context, out *ui.Printer, e segments.Export, r segments.Result) error {
	if !out.JSON {
		printFiles(out.Stdout, r)
	}
	list, err := x.deliverAndList(ctx, out, e, r.Run)
	if out.JSON {
		err = errors.Join(err, out.PrintJSON(struct {
			segments.Run
			Files        []segments.File    `json:"files"`
			Failed       []segments.Failure `json:"failed,omitempty"`
			Destinations []DestinationState `json:"destinations"`
		}{r.Run, r.Manifest.Files, r.Manifest.Failed, list}))
	}
	var troubleErr error
	for _, trouble := range r.Problems {
		out.Warn("%v", trouble)
		troubleErr = ui.ErrReported
	}
	if err == nil && needsStates(e, list) {
		if !out.JSON {
			fmt.Fprintln(out.Stdout)
		}
		err = printStates(out, e.Name, r.Run.Name, list)
	}
	return cmp.Or(err, troubleErr)
}

func printFiles(w io.Writer, r segments.Result) {
	fmt.Fprintf(w, "%s %s/%s as of %s, through seq %s\n", r.Run.Status, r.Run.Export, r.Run.Name, r.Run.AsOf, ui.Number(r.Run.ThroughSeq))
	rows := [][]string{{"FILE", "ROWS", "BYTES"}}
	for _, f := range r.Manifest.Files {
		rows = append(rows, []string{f.Name, ui.Number(f.Rows), ui.Number(f.Bytes)})
	}
	ui.Table(w, rows)
}

// RedeliverAndPrint redelivers a run, and prints where it is now.
func (x *Exporter) RedeliverAndPrint(ctx context.Context, out *ui.Printer, name, run string, to []string) error {
	var done func()
	x.OnSent, done = sendProgress(out)
	result, err := x.Redeliver(ctx, name, run, to)
	done()
	if err != nil {
		return err
	}
	if out.JSON {
		if err := out.PrintJSON(result); err != nil {
			return err
		}
	} else if len(result.Destinations) == 0 {
		_, err := fmt.Fprintf(out.Stdout, "every destination of %s has run %s\n", result.Export, result.Run)
		return err
	}
	return printStates(out, result.Export, result.Run, result.Destinations)
}

// ReleaseAndPrint releases a held run, delivers it, and prints where it is. done
// ends the progress of releasing it.
func (x *Exporter) ReleaseAndPrint(ctx context.Context, out *ui.Printer, export string, scheduled, now hygiene.Instant, mayBeStale bool, done func()) error {
	result, err := x.Release(ctx, export, scheduled, now, mayBeStale, func(since Staleness) {
		done()
		if out.JSON {
			return
		}
		if since.Stale() {
			fmt.Fprintln(out.Stdout, "it is out of date: "+since.Why())
		}
		since.print(out.Stdout)
	})
	done()
	if errors.Is(err, ErrStale) {
		return fmt.Errorf("%w, and --stale publishes this one all the same", err)
	}
	if result.Run.Export == "" {
		return err
	}
	e, _ := x.ExportNamed(export)
	if !out.JSON {
		latest := ""
		if folders, _ := local.Split(e.To); len(folders) > 0 { // what remotes have is printed below, once it is known
			latest = "; latest points to it now"
		}
		fmt.Fprintf(out.Stdout, "%s %s/%s%s\n", result.Status, result.Export, result.Name, latest)
		for _, other := range result.Discarded {
			fmt.Fprintf(out.Stdout, "discarded %s, which was held too: its deltas are relative to a run that is no longer the latest\n", other)
		}
	}
	list, deliverErr := x.deliverAndList(ctx, out, e, result.Run)
	err = errors.Join(err, deliverErr)
	if out.JSON {
		err = errors.Join(err, out.PrintJSON(struct {
			ReleaseResult
			Destinations []DestinationState `json:"destinations"`
		}{result, list}))
	}
	if needsStates(e, list) {
		err = cmp.Or(err, printStates(out, e.Name, result.Name, list))
	}
	return err
}

// deliverAndList delivers to the remotes what they lack, and lists which
// destinations have the run.
func (x *Exporter) deliverAndList(ctx context.Context, out *ui.Printer, e segments.Export, run segments.Run) ([]DestinationState, error) {
	var done func()
	x.OnSent, done = sendProgress(out)
	err := x.deliver(ctx, e, true)
	done()
	list, listErr := x.DestinationStates(e, run)
	return list, errors.Join(err, listErr)
}

// sendProgress shows how many bytes were sent to all remotes together.
func sendProgress(out *ui.Printer) (sent func(int64), done func()) {
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
