package contactapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/console"
	"winnow/internal/console/view"
	"winnow/internal/impact"
	"winnow/store"
)

// Merge merges a contact into another, and says what they are then.
func Merge(ctx context.Context, ops *app.Operations, in view.Merge, now hygiene.Instant) (view.Merged, error) {
	keys := ops.Store.Keys(ops.Config.Keys)
	old, err := keys.Named(in.Contact)
	if err != nil {
		return view.Merged{}, console.NewAPIError(http.StatusBadRequest, err)
	}
	into, err := keys.Named(in.Into)
	if err != nil {
		return view.Merged{}, console.NewAPIError(http.StatusBadRequest, fmt.Errorf("into: %w", err))
	}
	m, err := impact.NewMerger(ops, impact.MergeOptions{By: in.By, Note: in.Note, New: in.New, Apply: true}, now)
	if err == nil {
		err = m.Add(ctx, []store.MergePair{{Old: old, New: into}}, nil)
	}
	if err != nil {
		return view.Merged{}, err
	}
	r, err := m.End()
	if err != nil {
		return view.Merged{}, err
	}
	if r.Refused > 0 {
		return view.Merged{}, console.NewAPIError(http.StatusConflict, errors.New(r.Problems[0].Error))
	}
	contact, known, err := ops.Store.Contact(into)
	if !known {
		contact = nil
	}
	state := hygiene.SendabilityOf(contact, now)
	return view.Merged{Old: old, New: into, Merged: r.Merged > 0, Batch: r.Batch, Status: state.Status, Reasons: append([]string{}, state.Reasons...)}, err
}
