package pages

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"winnow/internal/console/view"
)

// Config are the functions that say what the pages show, and do what their forms ask for.
// A function that is nil makes its page answer 404. Functions may be called concurrently.
// An error that has a method HTTPStatus is the caller's, and shown; any other one is
// logged besides.
type Config struct {
	// Busy reports whether callbacks come in: then pages leave most of the processor to
	// them. It may be nil.
	Busy func() bool

	Version string
	Logger  *slog.Logger

	// Overview returns what the first page shows.
	Overview func(context.Context, view.OverviewQuery) (view.Overview, error)
	// Reasons returns those of the policy in force; nil: none are known.
	Reasons func() Reasons
	// Explain returns everything known of what a key, or a phone number, names.
	Explain func(ctx context.Context, key string) ([]*view.Explanation, error)
	// Instruct suppresses or allows a contact or a phone number manually and returns what
	// is known of it afterwards.
	Instruct func(context.Context, view.Instruction) (*view.Explanation, error)
	// Journal returns a page of manual changes.
	Journal func(context.Context, view.JournalQuery) (view.Journal, error)
	// JournalEntry returns one manual change, and what undoing it would do.
	JournalEntry func(ctx context.Context, batch int64) (view.JournalEntry, error)
	// Undo undoes a batch.
	Undo func(context.Context, view.UndoRequest) (view.Undone, error)

	// Segments lists the segments, and Segment describes one.
	Segments func(context.Context) (view.SegmentList, error)
	Segment  func(ctx context.Context, name string) (view.SegmentPage, error)
	// WriteSegment returns what writes the members of a segment as of now, as csv or json.
	// Its own error is the caller's.
	WriteSegment func(name, format string) (write func(context.Context, io.Writer) error, err error)

	// Runs lists the exports with their latest runs, Export describes one, and Run one run.
	Runs   func(context.Context) (view.RunList, error)
	Export func(ctx context.Context, name string) (view.ExportPage, error)
	Run    func(ctx context.Context, export, run string) (view.RunPage, error)
	// RunFile opens a file of a run. It opens nothing else, whatever the names are.
	RunFile func(ctx context.Context, export, run, file string) (*os.File, error)
	// Make makes a run now and returns it when it has ended, however it ended. It and the
	// acts below may take long.
	Make func(ctx context.Context, export, by string) (view.Run, error)
	// Release publishes a held run.
	Release func(context.Context, view.RunRelease) (view.Released, error)

	// Surges lists the surges that tripped a breaker, and Surge describes one.
	Surges func(context.Context) (view.SurgeList, error)
	Surge  func(ctx context.Context, id int64) (view.SurgePage, error)
	// ReviewSurge releases or discards a surge, and says what that did.
	ReviewSurge func(context.Context, view.SurgeReview) (did string, err error)

	// Rules returns the policy in force.
	Rules func(context.Context) (view.PolicyRules, error)
	// Policies lists the policies that were applied, and Policy has the text of one.
	Policies func(context.Context) (view.Policies, error)
	Policy   func(ctx context.Context, hash string) (view.PolicyText, error)
	// Diff returns the difference of two policies, by their hashes.
	Diff func(ctx context.Context, from, to string) (view.Diff, error)
	// Check begins to check a config and returns a name for Checked, which returns what was
	// found. It reads nothing beside the text, and applies nothing.
	Check   func(ctx context.Context, text string) (id string, err error)
	Checked func(ctx context.Context, id string) (view.Checked, error)

	// Quarantine returns what could not be read, and events without a contact.
	Quarantine func(context.Context) (view.Quarantine, error)
	// RetryQuarantine reads the bodies in quarantine again.
	RetryQuarantine func(context.Context) (view.Reread, error)
}

// Visit is who asks for a page.
type Visit struct {
	Session string // its cookie
	User    string // the name given at the login; may be empty
	By      string // signs what is done
	Form    string // hidden token of forms
}

// Handler answers a visit. It writes its own answer; an error is shown as a page.
type Handler func(w http.ResponseWriter, req *http.Request, v Visit) error

// Route is a page, or what its forms do.
type Route struct {
	Path string
	Act  bool // a form posts to it
	// MaxForm is the largest form that it takes, in bytes; 0 for that of most forms.
	MaxForm int64
	Handle  Handler
}

// server answers visits.
type server struct {
	Config
	notices notices
	turns   *turns
	long    longActs
}

// errNoPage is the error of a page without its function.
var errNoPage = statusError{http.StatusNotFound, errors.New("there is no such page")}

// statusError is an error that is the caller's.
type statusError struct {
	status int
	error
}

// HTTPStatus is the status of the answer.
func (e statusError) HTTPStatus() int { return e.status }

func refusef(format string, args ...any) error {
	return statusError{http.StatusBadRequest, fmt.Errorf(format, args...)}
}

// statusOf is the status of an answer with that error.
func statusOf(err error) int {
	if e := (interface{ HTTPStatus() int })(nil); errors.As(err, &e) {
		return e.HTTPStatus()
	}
	return http.StatusInternalServerError
}

// page is what the page of a visit shows beside its own content.
func (s *server) page(req *http.Request, v Visit) Page {
	return Page{Version: s.Version, User: v.User, Form: v.Form, Notice: s.notices.take(req.URL.Query().Get(noticeParam), v.Session)}
}

// logged logs an error that is winnow's, and returns its status.
func (s *server) logged(req *http.Request, err error) int {
	status := statusOf(err)
	if status >= http.StatusInternalServerError {
		s.Logger.ErrorContext(req.Context(), "a page failed", "method", req.Method, "path", req.URL.Path, "error", err)
	}
	return status
}

// shown wraps a page: its error is shown as a page.
func (s *server) shown(h Handler) Handler {
	return func(w http.ResponseWriter, req *http.Request, v Visit) error {
		err := h(w, req, v)
		if err == nil {
			return nil
		}
		status := s.logged(req, err)
		page, failed := Problem(s.page(req, v), err)
		return send(w, status, page, failed)
	}
}

// inTurn wraps a page: the turn ends when the page is made, before it is sent, since who
// reads slowly keeps nobody waiting.
func (s *server) inTurn(h Handler) Handler {
	return func(w http.ResponseWriter, req *http.Request, v Visit) error {
		end, err := s.turns.take(req.Context())
		if err != nil {
			return err
		}
		made := &turnWriter{ResponseWriter: w, end: end}
		defer made.release()
		return h(made, req, v)
	}
}

// action does what a form asks for. It returns where to look next, also with an error, and
// what came of it.
type action func(req *http.Request, v Visit) (next *url.URL, n Notice, err error)

// act wraps what a form does. The browser is sent to the next page, with a GET, and the notice
// is shown there once.
func (s *server) act(do action) Handler {
	return func(w http.ResponseWriter, req *http.Request, v Visit) error {
		next, notice, err := do(req, v)
		if err != nil {
			notice = failure(s.logged(req, err), err)
		}
		query := next.Query()
		query.Set(noticeParam, s.notices.add(notice, v.Session))
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout)) // as in Send
		w.Header().Set("Location", (&url.URL{Path: next.Path, RawPath: next.RawPath, RawQuery: query.Encode()}).String())
		w.WriteHeader(http.StatusSeeOther)
		return nil
	}
}

// failure says that an act failed. A refusal comes before anything is done; what failed
// within winnow may have been done, or done in part.
func failure(status int, err error) Notice {
	if status < http.StatusInternalServerError {
		return Notice{Failed: true, Text: "Nothing was done: " + err.Error()}
	}
	return Notice{Failed: true, Text: "It failed: " + err.Error(), More: []string{"Look what was done before you try again."}}
}

// send answers with a page, unless making it failed.
func send(w http.ResponseWriter, status int, page []byte, err error) error {
	if err != nil {
		return err
	}
	Send(w, status, page)
	return nil
}

// Send answers with a page. With the referrer policy of other answers a browser would send
// the page's forms without their origin, and they would be refused.
func Send(w http.ResponseWriter, status int, page []byte) {
	w.Header().Set("Content-Security-Policy", Policy())
	w.Header().Set("Referrer-Policy", "same-origin")
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout)) // a recorder does not support it
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(page)))
	w.WriteHeader(status)
	_, _ = w.Write(page) // a browser that has gone needs no page
}

// writeTimeout is how long a browser may take to receive a page. Making the page may have
// taken long, so it counts from then.
const writeTimeout = time.Minute
