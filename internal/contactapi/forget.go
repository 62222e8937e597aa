package contactapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/console"
	"winnow/internal/console/view"
	"winnow/store"
	"winnow/store/erasure"
)

// forgetWait is how long an answer waits until the contact is forgotten.
const forgetWait = 10 * time.Second

// Forget forgets a contact, or a phone number that nobody has. When that takes long, the
// answer comes before it is done.
func Forget(ctx context.Context, ops *app.Operations, given string, now hygiene.Instant) (view.Forgotten, error) {
	of, err := ops.NameToForget(given)
	if err != nil {
		return view.Forgotten{}, console.NewAPIError(http.StatusBadRequest, err)
	}
	switch err := ops.AskToForget(of, false, now); {
	case errors.Is(err, store.ErrHeld):
		return view.Forgotten{}, console.NewAPIError(http.StatusConflict, err)
	case errors.Is(err, store.ErrUnknown):
		return view.Forgotten{}, console.NewAPIError(http.StatusNotFound, err)
	case err != nil:
		return view.Forgotten{}, err
	}
	answer := view.Forgotten{}
	for _, r := range ops.Config.Receivers {
		answer.Receivers = append(answer.Receivers, r.URL)
	}
	done := make(chan error, 1)
	go func() {
		_, err := ops.FinishForgetting(ctx, now)
		done <- err
	}()
	select {
	case err := <-done:
		if errors.Is(err, erasure.ErrReader) || errors.Is(err, erasure.ErrFiles) {
			return answer, nil
		}
		answer.Forgotten = err == nil
		return answer, err
	case <-time.After(forgetWait):
		return answer, nil
	}
}
