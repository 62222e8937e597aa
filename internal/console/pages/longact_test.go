package pages

import (
	"context"
	"errors"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"winnow/internal/console/view"
)

func TestAnActThatTakesLongGoesOnBehindThePage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l longActs
		here := &url.URL{Path: "/runs/nightly"}
		began := time.Now()
		next, n, err := l.do("make nightly", "ali", "The run is being made", here, func() outcome {
			time.Sleep(time.Minute)
			return outcome{notice: Notice{Text: "It was made."}}
		})
		if err != nil || next != here || n.Text != "The run is being made." || time.Since(began) != patience {
			t.Fatalf("after %s: %v, %+v, %v", time.Since(began), next, n, err)
		}
		if s := l.state("make nightly"); s == nil || !s.Running || s.By != "ali" {
			t.Errorf("meanwhile it is shown as %+v", s)
		}
		_, n, err = l.do("make nightly", "bob", "The run is being made", here, func() outcome { t.Error("it is done twice"); return outcome{} })
		if err != nil || !n.Failed || !strings.HasPrefix(n.Text, "The run is being made already, since ") || !strings.HasSuffix(n.Text, "by ali; nothing was done besides.") {
			t.Errorf("a second one: %+v, %v", n, err)
		}
		time.Sleep(time.Minute)
		if s := l.state("make nightly"); s == nil || s.Running || s.Notice.Text != "It was made." {
			t.Errorf("afterwards it is shown as %+v", s)
		}
		time.Sleep(keepOutcome)
		if s := l.state("make nightly"); s != nil {
			t.Errorf("an hour later it is shown as %+v", s)
		}
	})
}

func TestAnUndoOfManyThousandsDoesNotHoldTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{Config: Config{Undo: func(ctx context.Context, u view.UndoRequest) (view.Undone, error) {
			time.Sleep(time.Minute)
			return view.Undone{Batch: u.Batch + 1, Contacts: 20_000}, ctx.Err()
		}}}
		ctx, leave := context.WithCancel(t.Context())
		req := httptest.NewRequestWithContext(ctx, "POST", "/journal/undo", nil)
		req.PostForm = url.Values{"batch": {"7"}}
		next, n, err := s.undo(req, Visit{By: "console:ali"})
		leave()
		if err != nil || next.Path != "/journal/7" || n.Text != "The batch is being undone." {
			t.Fatalf("%v, %+v, %v", next, n, err)
		}
		during := journalEntry{Undoing: s.long.state(aboutUndoing(7))}
		if !during.IsBeingUndone() || during.Undoable() {
			t.Errorf("meanwhile its page shows %+v", during.Undoing)
		}
		time.Sleep(time.Minute)
		if state := s.long.state(aboutUndoing(7)); state.Running || !strings.Contains(state.Notice.Text, "20,000 contacts changed") {
			t.Errorf("afterwards its page shows %+v", state)
		}
		time.Sleep(keepOutcome)
	})
}

func TestAnActThatEndsSoonIsAnsweredWithItsEnd(t *testing.T) {
	var l longActs
	there := &url.URL{Path: "/there"}
	next, n, err := l.do("x", "ali", "", &url.URL{}, func() outcome { return outcome{next: there, notice: Notice{Text: "done"}} })
	if err != nil || next != there || n.Text != "done" || l.state("x") != nil {
		t.Errorf("%v, %+v, %v", next, n, err)
	}
	full := errors.New("the disk is full")
	if _, _, err := l.do("x", "ali", "", there, func() outcome { return outcome{err: full} }); !errors.Is(err, full) {
		t.Errorf("its error is %v", err)
	}
	if _, _, err := l.do("x", "ali", "", there, func() outcome { panic("oh") }); err == nil || strings.Contains(err.Error(), "oh") {
		t.Errorf("its panic is %v", err)
	}
}
