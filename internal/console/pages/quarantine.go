package pages

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"winnow/internal/console/view"
	"winnow/internal/ui"
)

var quarantinePage = parsed("quarantine.html")

// Quarantine makes the page of what could not be read, and of events without a contact.
func Quarantine(p Page, q view.Quarantine) ([]byte, error) {
	p.Tab, p.At = "Quarantine and unmatched", q.AsOf
	return render(quarantinePage, p, p.Tab, q)
}

func (s *server) showQuarantine(w http.ResponseWriter, req *http.Request, v Visit) error {
	if s.Quarantine == nil {
		return errNoPage
	}
	q, err := s.Quarantine(req.Context())
	if err != nil {
		return err
	}
	page, err := Quarantine(s.page(req, v), q)
	return send(w, http.StatusOK, page, err)
}

// retryQuarantine reads the bodies in quarantine again.
func (s *server) retryQuarantine(req *http.Request, _ Visit) (next *url.URL, n Notice, err error) {
	next = &url.URL{Path: "/quarantine"}
	if s.RetryQuarantine == nil {
		return next, n, errNoPage
	}
	did, err := s.RetryQuarantine(context.WithoutCancel(req.Context()))
	if err != nil {
		return next, n, err
	}
	n.Text = fmt.Sprintf("%s of %s can be read now: %s stored.", ui.Number(did.Read), ui.CountVerb(did.Bodies, "", "body", "bodies"), ui.CountVerb(did.Events, "event", "was", "were"))
	if did.Events > 0 {
		n.More = []string{"The next sweep applies the rules to them."}
	}
	return next, n, nil
}
