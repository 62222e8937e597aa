// Package console is the private door: an API for the CRM and for scripts, a
// page and metrics for the engineer on call.
//
// It knows how to ask and how to answer, and nothing of what is answered: what
// it shows and does comes in as functions, so the same answers stand behind the
// command line. Every answer of the API is JSON, every error a problem of
// RFC 9457 in one plain sentence, in the form of what was asked for or not at
// all: answers are made whole before their first byte is sent.
//
// Who may come in: with a token, whoever has it, as a bearer token for the API
// and the metrics, as the password of any user name for the page. Without one
// the door listens on this machine only, and then it answers only to a Host
// that is an address or localhost: a web page elsewhere can point a name of its
// own at 127.0.0.1 and read what a browser here is told, but it can't give that
// name another spelling.
package console

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/gorilla/mux"

	"winnow/hygiene"
	"winnow/hygiene/provider"
)

// Config is what the door works with. A function that is nil makes its route
// answer 404. Functions may be called by many at once. Their errors are shown to
// whoever asked: a [Refusal] with its status, any other as 500.
type Config struct {
	Token   string       // empty: none is asked for, and the listener must be on a loopback address
	Version string       // of winnow, shown on the page
	Metrics *Metrics     // nil: metrics of its own, which tell of the API only
	Logger  *slog.Logger // nil: nothing is logged

	// Ready says why winnow can't work now; nil: it always can.
	Ready func() error
	// Page gives what the page shows.
	Page func(context.Context) (Page, error)

	// Status, Segments and Exports give what the commands of these names give
	// with --json.
	Status   func(context.Context) (any, error)
	Segments func(context.Context) (any, error)
	Exports  func(context.Context) (any, error)
	// Explain gives all that is known of a contact; false when it is nobody. The
	// key is as the caller wrote it, as are all keys of this Config.
	Explain func(ctx context.Context, key string) (any, bool, error)
	// Check tells of each contact, in their order, whether it may be texted.
	Check func(ctx context.Context, contacts []string) ([]Answer, error)
	// Register keeps whom messages were for, all of the list but what it tells
	// of as rejected, or nothing when it gives an error. It is given a few
	// thousand at a time, and never one message for two contacts.
	Register func(context.Context, []provider.Registration) (Registered, error)
	// Export gives one export with its recent runs.
	Export func(ctx context.Context, name string) (any, error)
	// RunExport makes a run now and gives it when it has ended, however it ended.
	// The context ends when who asks hangs up; a run that has begun goes on.
	RunExport func(ctx context.Context, name string) (any, error)
	// Release publishes a run that the guard holds, and gives it. The context is
	// that of RunExport, and a release that has begun goes on too.
	Release func(ctx context.Context, export, run string) (any, error)
	// Instruct suppresses or allows a contact by hand and gives what is known of
	// it then.
	Instruct func(context.Context, Instruction) (any, error)
}

// Answer tells whether one contact may be texted.
type Answer struct {
	Contact  string   `json:"contact"` // as it was asked
	Status   string   `json:"status"`  // a status of hygiene, or unknown
	Sendable bool     `json:"sendable"`
	Reasons  []string `json:"reasons"` // why not; in JSON [] for none
}

// Registered is what registering a list of messages did.
type Registered struct {
	New       int64      // messages that were not known
	Known     int64      // registered for the same contact before
	Matched   int64      // events that found their contact
	Conflict  int64      // messages registered for another contact before, which stands
	Conflicts []string   // their ids in the order of the list, of the first 100
	Rejected  []Rejected // what was not taken
}

// Rejected is one of a list that was not taken.
type Rejected struct {
	Index int    // in the list
	Why   string // one plain sentence
}

// Instruction is what someone tells about a contact by hand.
type Instruction struct {
	Contact string
	Kind    hygiene.InstructionKind // Suppress or Allow
	Reason  string                  // may be empty to Allow
	Note    string
	Until   hygiene.Instant // of a Suppress; 0 for good
	By      string          // the name of the token
}

// tokenName is what instructions over HTTP are signed with. There is one token.
const tokenName = "admin"

// door answers requests.
type door struct {
	Config
	router *mux.Router
}

// New makes the door's handler.
func New(c Config) http.Handler {
	d := newDoor(c)
	crossOrigin := http.NewCrossOriginProtection()
	crossOrigin.SetDenyHandler(d.plain(func(http.ResponseWriter, *http.Request) error {
		return refuse(http.StatusForbidden, "a web page elsewhere may not do this")
	}))
	return d.recovered(d.guarded(crossOrigin.Handler(d.router)))
}

func newDoor(c Config) *door {
	if c.Metrics == nil {
		c.Metrics = NewMetrics(c.Version, nil)
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Ready == nil {
		c.Ready = func() error { return nil }
	}
	d := &door{Config: c, router: mux.NewRouter().UseEncodedPath().SkipClean(true)}
	d.routes()
	return d
}

// routes is every place there is. Paths are matched as they are escaped, so
// that a key may hold a slash; they are never cleaned, since that would be a
// redirect.
func (d *door) routes() {
	read, write := []string{http.MethodGet, http.MethodHead}, []string{http.MethodPost}
	add := func(path string, methods []string, h http.Handler) { d.router.Handle(path, h).Methods(methods...) }
	api := func(path string, methods []string, give giver) {
		add("/api/v1"+path, methods, d.api("/api/v1"+path, give))
	}

	add("/", read, d.withPassword(d.plain(d.page)))
	add("/readyz", read, d.plain(d.ready))
	add("/metrics", read, d.plain(d.metrics))

	add("/api/v1/openapi.yaml", read, d.plain(d.description))
	api("/status", read, reading(d.Status))
	api("/segments", read, reading(d.Segments))
	api("/exports", read, reading(d.Exports))
	api("/exports/{name}", read, d.export)
	api("/exports/{name}/run", write, d.runExport)
	api("/exports/{name}/runs/{run}/release", write, d.release)
	api("/contacts/{key}", read, d.explain)
	api("/contacts/{key}/suppress", write, d.instruct(hygiene.Suppress))
	api("/contacts/{key}/allow", write, d.instruct(hygiene.Allow))
	api("/check", write, d.check)
	api("/messages", write, d.register)

	d.router.NotFoundHandler = d.plain(func(http.ResponseWriter, *http.Request) error { return errNothingHere })
	d.router.MethodNotAllowedHandler = d.plain(d.notAllowed)
}

// The limits of a connection. A body that keeps coming and an answer that takes
// long to make are given time anew, see patient and answering.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 30 * time.Second
	writeTimeout  = time.Minute
	idleTimeout   = 90 * time.Second
)

// Server is an HTTP server for the handler, with limits that a slow or hostile
// client meets and others don't.
//
// It speaks HTTP/1.1 alone, for the reasons of the public server.
func Server(h http.Handler) *http.Server {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	return &http.Server{
		Handler:           h,
		Protocols:         &protocols,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    16 << 10,

		DisableGeneralOptionsHandler: true, // it would answer OPTIONS * past the handler
	}
}
