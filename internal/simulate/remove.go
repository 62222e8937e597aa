package simulate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/simulate/answered"
	"winnow/internal/simulate/traffic"
	"winnow/internal/ui"
	"winnow/store"
	"winnow/store/erasure"
)

// Remove forgets the contacts of a run, as a file of what was answered has it, in the store of
// ops, after a sweep: before that, some of them may only be in the log. It only counts them
// unless apply is set.
func Remove(ctx context.Context, out *ui.Printer, ops *app.Operations, file string, apply bool, now hygiene.Instant) (err error) {
	ledger, began, err := answered.Load(file)
	if err != nil {
		return err
	}
	after, err := answered.LineAt(ops.Store, began.Add(-clocksApart))
	if err != nil {
		return err
	}
	if apply {
		if _, err := ops.Sweep(ctx, now); err != nil {
			return err
		}
	}
	keys, err := contactsOf(ctx, ops.Store, ledger.Run, after, apply)
	if err != nil {
		return err
	}
	if printer := out; out.JSON {
		defer func() {
			err = errors.Join(err, printer.PrintJSON(map[string]any{"run": traffic.Prefix + ledger.Run, "contacts": len(keys), "applied": apply}))
		}()
		out = ui.NewPrinter(io.Discard, out.Stderr, false)
	}
	if !apply || len(keys) == 0 {
		_, err := fmt.Fprintf(out.Stdout, "would forget %s of the run %s%s; add --apply\n", ui.Count(int64(len(keys)), "contact"), traffic.Prefix, ledger.Run)
		return err
	}
	did, err := ops.Forget(ctx, store.Subjects{Keys: keys}, true, now)
	if err != nil && !errors.Is(err, erasure.ErrReader) && !errors.Is(err, erasure.ErrFiles) {
		return err
	}
	_, printErr := fmt.Fprintf(out.Stdout, "forgot %s of the run %s%s, and erased their %s\n", ui.Count(int64(len(keys)), "contact"), traffic.Prefix, ledger.Run, ui.Count(did.Events, "event"))
	return errors.Join(err, printErr)
}

// contactsOf are the simulated contacts that events of a run name; if stored is set, those that
// the store has. A key that a simulation does not make is left alone, whatever an event says.
func contactsOf(ctx context.Context, s *store.Store, run string, after int64, stored bool) (keys []string, err error) {
	seen := map[string]bool{}
	err = answered.EachLine(ctx, s, after, func(_, contact, message string) {
		if strings.HasPrefix(message, traffic.Prefix+run+"-") && traffic.IsContact(contact) {
			seen[contact] = true
		}
	})
	if err != nil {
		return nil, err
	}
	for key := range seen {
		if !stored || s.HasKey(key) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys, nil
}
