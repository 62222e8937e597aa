package pages

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"winnow/internal/console/view"
)

// showSurges shows all surges.
func (s *server) showSurges(w http.ResponseWriter, req *http.Request, v Visit) error {
	if s.Surges == nil {
		return errNoPage
	}
	list, err := s.Surges(req.Context())
	if err != nil {
		return err
	}
	page, err := Surges(s.page(req, v), list)
	return send(w, http.StatusOK, page, err)
}

// showSurge shows one.
func (s *server) showSurge(w http.ResponseWriter, req *http.Request, v Visit) error {
	id, err := strconv.ParseInt(req.PathValue("id"), 10, 64)
	if err != nil || s.Surge == nil {
		return errNoPage
	}
	surge, err := s.Surge(req.Context(), id)
	if err != nil {
		return err
	}
	page, err := Surge(s.page(req, v), surge, s.long.state(aboutSurge(id)))
	return send(w, http.StatusOK, page, err)
}

func aboutSurge(id int64) string { return fmt.Sprint("surge ", id) }

func (s *server) releaseSurge(req *http.Request, v Visit) (*url.URL, Notice, error) {
	return s.reviewSurge(req, v, false)
}

func (s *server) discardSurge(req *http.Request, v Visit) (*url.URL, Notice, error) {
	return s.reviewSurge(req, v, true)
}

// reviewSurge reviews the surge of a form.
func (s *server) reviewSurge(req *http.Request, v Visit, discard bool) (*url.URL, Notice, error) {
	next := &url.URL{Path: "/surges"}
	id, err := strconv.ParseInt(field(req, "id"), 10, 64)
	if err != nil {
		return next, Notice{}, refusef("%q is not the number of a surge", field(req, "id"))
	}
	next.Path += "/" + strconv.FormatInt(id, 10)
	if s.ReviewSurge == nil {
		return next, Notice{}, errNoPage
	}
	r := view.SurgeReview{Surge: id, Discard: discard, By: v.By, Note: field(req, "note")}
	ctx := context.WithoutCancel(req.Context())
	return s.long.do(aboutSurge(id), v.By, "The surge is being reviewed", next, func() outcome {
		did, err := s.ReviewSurge(ctx, r)
		return outcome{notice: Notice{Text: sentence(did)}, err: err}
	})
}

// sentence is a text that begins with a capital letter and ends with a period.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	return string(text[0]&^0x20) + text[1:] + "."
}
