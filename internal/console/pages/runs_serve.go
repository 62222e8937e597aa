package pages

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"winnow/internal/console/view"
	"winnow/internal/ui"
	"winnow/segments"
)

// showRuns shows all exports.
func (s *server) showRuns(w http.ResponseWriter, req *http.Request, v Visit) error {
	if s.Runs == nil {
		return errNoPage
	}
	list, err := s.Runs(req.Context())
	if err != nil {
		return err
	}
	page, err := Runs(s.page(req, v), list, func(export string) *longState { return s.long.state(aboutMaking(export)) })
	return send(w, http.StatusOK, page, err)
}

// showExport shows an export with its runs.
func (s *server) showExport(w http.ResponseWriter, req *http.Request, v Visit) error {
	if s.Export == nil {
		return errNoPage
	}
	e, err := s.Export(req.Context(), req.PathValue("export"))
	if err != nil {
		return err
	}
	page, err := Export(s.page(req, v), e, s.long.state(aboutMaking(e.Name)))
	return send(w, http.StatusOK, page, err)
}

// showRun shows a run.
func (s *server) showRun(w http.ResponseWriter, req *http.Request, v Visit) error {
	if s.Run == nil {
		return errNoPage
	}
	r, err := s.Run(req.Context(), req.PathValue("export"), req.PathValue("run"))
	if err != nil {
		return err
	}
	page, err := Run(s.page(req, v), r, s.long.state(aboutReleasing(r.Export, r.Name)))
	return send(w, http.StatusOK, page, err)
}

// downloadFile answers with a file of a run.
func (s *server) downloadFile(w http.ResponseWriter, req *http.Request, v Visit) error {
	if s.RunFile == nil {
		return errNoPage
	}
	name := req.PathValue("file")
	file, err := s.RunFile(req.Context(), req.PathValue("export"), req.PathValue("run"), name)
	if err != nil {
		return err
	}
	defer file.Close()
	return s.download(w, req, name, func(_ context.Context, to io.Writer) error {
		_, err := io.Copy(to, struct{ io.Reader }{file})
		return err
	})
}

// What acts are about.
func aboutMaking(export string) string         { return "make " + export }
func aboutReleasing(export, run string) string { return "release " + export + "/" + run }

// runURL is the page of a run; without a run, of the export.
func runURL(export, run string) *url.URL {
	path := strings.TrimSuffix("/runs/"+url.PathEscape(export), "/")
	if run != "" {
		path += "/" + url.PathEscape(run)
	}
	next, err := url.Parse(path)
	if err != nil {
		return &url.URL{Path: "/runs"}
	}
	return next
}

// releaseRun publishes a held run.
func (s *server) releaseRun(req *http.Request, v Visit) (*url.URL, Notice, error) {
	r := view.RunRelease{Export: field(req, "export"), Run: field(req, "run"), Stale: field(req, "stale") == "yes", By: v.By}
	next := runURL(r.Export, r.Run)
	if s.Release == nil {
		return next, Notice{}, errNoPage
	}
	ctx := context.WithoutCancel(req.Context())
	return s.long.do(aboutReleasing(r.Export, r.Run), v.By, "The run is being released", next, func() outcome {
		did, err := s.Release(ctx, r)
		return outcome{notice: howReleased(did), err: err}
	})
}

// howReleased says what a release did.
func howReleased(did view.Released) (n Notice) {
	n.Text = fmt.Sprintf("Run %s of %s was released: readers have it now.", did.Name, did.Export)
	if len(did.Discarded) > 0 {
		n.More = append(n.More, ui.CountVerb(int64(len(did.Discarded)), "other run that was held", "was discarded.", "were discarded."))
	}
	if len(did.Suppressed) > 0 {
		n.More = append(n.More, "It offers contacts that were suppressed since: "+byReason(did.Suppressed)+".")
	}
	if did.Error != "" {
		n.More = append(n.More, "It lacks something: "+did.Error)
	}
	return n
}

// makeRun makes a run now.
func (s *server) makeRun(req *http.Request, v Visit) (*url.URL, Notice, error) {
	export := field(req, "export")
	next := runURL(export, "")
	if s.Make == nil {
		return next, Notice{}, errNoPage
	}
	ctx := context.WithoutCancel(req.Context())
	return s.long.do(aboutMaking(export), v.By, "The run is being made", next, func() outcome {
		run, err := s.Make(ctx, export, v.By)
		if err != nil {
			return outcome{err: err}
		}
		return outcome{next: runURL(export, run.Name), notice: howMade(run)}
	})
}

// howMade says how the making of a run ended.
func howMade(run view.Run) Notice {
	name := fmt.Sprintf("Run %s of %s", run.Name, run.Export)
	switch run.Status {
	case segments.Published:
		n := Notice{Text: name + " was made: readers have it now."}
		if run.Error != "" {
			n.More = []string{"It lacks something: " + run.Error}
		}
		return n
	case segments.Held:
		return Notice{Failed: true, Text: name + " was made, and is held: " + strings.TrimSuffix(run.HeldReason, ".") + "."}
	}
	return Notice{Failed: true, Text: fmt.Sprintf("%s is %s: %s", name, run.Status, run.Error)}
}
