package pages

import (
	"context"
	"io"
	"net/http"
)

// showSegments shows all segments.
func (s *server) showSegments(w http.ResponseWriter, req *http.Request, v Visit) error {
	if s.Segments == nil {
		return errNoPage
	}
	list, err := s.Segments(req.Context())
	if err != nil {
		return err
	}
	page, err := Segments(s.page(req, v), list)
	return send(w, http.StatusOK, page, err)
}

// showSegment shows one.
func (s *server) showSegment(w http.ResponseWriter, req *http.Request, v Visit) error {
	if s.Segment == nil {
		return errNoPage
	}
	segment, err := s.Segment(req.Context(), req.PathValue("name"))
	if err != nil {
		return err
	}
	page, err := Segment(s.page(req, v), segment)
	return send(w, http.StatusOK, page, err)
}

// downloadSegment answers with the members of a segment as of now.
func (s *server) downloadSegment(format string) Handler {
	return func(w http.ResponseWriter, req *http.Request, v Visit) error {
		if s.WriteSegment == nil {
			return errNoPage
		}
		name := req.PathValue("name")
		write, err := s.WriteSegment(name, format)
		if err != nil {
			return err
		}
		return s.download(w, req, name+"."+format, func(ctx context.Context, to io.Writer) error { return write(ctx, to) })
	}
}
