// Package receiver is the public door: it takes a provider's callbacks in.
//
// A provider wants exactly 200, quickly, always: it gives up after an hour and
// sends no message at all while its probe of the URL is answered otherwise. So a
// known token is answered 200 whatever the body says, once the body is on disk
// as events or as quarantine; only too much is refused for what it is. Any other
// answer means that nothing was stored, and that the provider should come again.
//
// The path is the only secret there is, hence the care about it: no redirect,
// one answer for all that is unknown, tokens compared by digest in constant
// time, and no token, body or contact in a log line or a metric.
//
// Large bodies in memory are bounded by a [budget], of which each has an
// [account] of what it really takes; whoever would exceed it waits for a moment
// and is then sent away to come again. Small ones, as callbacks are, never wait.
package receiver

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/provider"
)

// Log is where callbacks are kept.
type Log interface {
	// Append returns nil once all of it is on disk. After an error it is unknown
	// whether it is. Concurrent calls may share one commit.
	Append(ctx context.Context, events []hygiene.Event, bad []hygiene.Unreadable) error
}

// Counter counts callbacks.
type Counter interface {
	// Callback is told of each request: the source's name, empty for an unknown
	// token, one of the Answer words, and how long it took to answer.
	Callback(source, answer string, took time.Duration)
}

// What a request was answered, as the metrics call it.
const (
	AnswerStored       = "stored"       // 200, on disk
	AnswerProbed       = "probed"       // 200, GET, HEAD or OPTIONS: nothing to store
	AnswerUnauthorised = "unauthorised" // 404, no such token
	AnswerNotAllowed   = "not_allowed"  // 405
	AnswerCutShort     = "cut_short"    // 400, the body did not arrive whole
	AnswerTooMuch      = "too_much"     // 413
	AnswerBusy         = "busy"         // 503, too many large bodies in memory
	AnswerUnavailable  = "unavailable"  // 503, not stored for sure
	AnswerPanicked     = "panicked"     // 500

	AnswerOtherProtocol = "other_protocol" // 505, HTTP/2
)

// Source is one provider account.
type Source struct {
	Name   string
	Tokens []string // no two sources have one in common
	Reader *provider.Reader
}

// Config is what a receiver works with. Log is required.
type Config struct {
	Sources []Source
	Log     Log
	Counter Counter          // nil: nothing is counted
	Logger  *slog.Logger     // nil: nothing is logged
	Now     func() time.Time // nil: time.Now
	Healthy func() error     // says why nothing can be stored now; nil: never
}

// Receiver answers callbacks.
type Receiver struct {
	config  Config
	keyring atomic.Pointer[keyring]
	budget  *budget
	trouble rarely
}

// New makes a receiver. It is ready for requests at once.
func New(c Config) *Receiver {
	if c.Counter == nil {
		c.Counter = uncounted{}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Healthy == nil {
		c.Healthy = func() error { return nil }
	}
	r := &Receiver{config: c, budget: newBudget(), trouble: rarely{every: 10 * time.Second}}
	r.Replace(c.Sources)
	return r
}

type uncounted struct{}

func (uncounted) Callback(string, string, time.Duration) {}

// Replace puts other sources in place of the present ones, all at once. Requests
// under way finish with those they began with.
func (r *Receiver) Replace(sources []Source) { r.keyring.Store(newKeyring(sources)) }

// answerTo answers a request for the source and tells what it answered.
func (r *Receiver) answerTo(w http.ResponseWriter, req *http.Request, source *Source) string {
	const allowed = "GET, HEAD, OPTIONS, POST"
	switch req.Method {
	case http.MethodPost:
		return r.receive(w, req, source)
	case http.MethodOptions:
		w.Header().Set("Allow", allowed)
		fallthrough
	case http.MethodGet, http.MethodHead:
		tell(w, 0, 0)
		return AnswerProbed
	}
	w.Header().Set("Allow", allowed)
	http.Error(w, "a callback is a POST", http.StatusMethodNotAllowed)
	return AnswerNotAllowed
}

// receive takes one callback in: read, split, stored, answered.
func (r *Receiver) receive(w http.ResponseWriter, req *http.Request, source *Source) string {
	if req.ContentLength > MaxBody {
		return tooMuch(w, errTooLarge)
	}
	memory := &account{budget: r.budget, ctx: req.Context()}
	defer memory.close()

	events, bad, err := r.read(arrivingFrom(w, req), req, source, memory)
	switch {
	case errors.Is(err, errBusy):
		return r.unavailable(w, source, AnswerBusy, err)
	case errors.Is(err, errTooLarge), errors.Is(err, provider.ErrTooMany):
		return tooMuch(w, err)
	case err != nil:
		http.Error(w, "the body did not arrive whole", http.StatusBadRequest)
		return AnswerCutShort
	}
	if len(events)+len(bad) > 0 {
		// What has arrived is stored, also when the provider has hung up since.
		if err := r.config.Log.Append(context.WithoutCancel(req.Context()), events, bad); err != nil {
			return r.unavailable(w, source, AnswerUnavailable, err)
		}
	}
	if r.config.Logger.Enabled(req.Context(), slog.LevelDebug) {
		r.config.Logger.Debug("callback stored", "source", source.Name, "stored", len(events), "quarantined", len(bad))
	}
	tell(w, len(events), len(bad))
	return AnswerStored
}

// read takes the body in and splits it. What can't be inflated is no event as
// it was received.
func (r *Receiver) read(body io.Reader, req *http.Request, source *Source, memory *account) ([]hygiene.Event, []hygiene.Unreadable, error) {
	buffer := buffers.Get().(*[]byte)
	defer release(buffer)
	var err error
	if *buffer, err = readAll(*buffer, body, memory); err != nil {
		return nil, nil, err
	}
	at := hygiene.InstantOf(r.config.Now())
	request := provider.Request{Method: req.Method, Header: req.Header, ReceivedAt: at}
	if req.URL.RawQuery != "" {
		request.Query = req.URL.Query()
	}
	switch encodingOf(req) {
	case "", "identity":
		return split(*buffer, &request, source, memory)
	case "gzip", "x-gzip":
		inflated := buffers.Get().(*[]byte)
		defer release(inflated)
		*inflated, err = inflate(*inflated, *buffer, memory)
		switch {
		case err == nil:
			return split(*inflated, &request, source, memory)
		case errors.Is(err, errTooLarge), errors.Is(err, errBusy):
			return nil, nil, err
		}
		return nil, quarantined(source, at, "the body is not gzip, though its Content-Encoding says so", *buffer), nil
	}
	return nil, quarantined(source, at, "the body has a Content-Encoding other than gzip", *buffer), nil
}

// split makes of a body what is stored, and lets the account follow.
func split(body []byte, request *provider.Request, source *Source, memory *account) ([]hygiene.Event, []hygiene.Unreadable, error) {
	if err := memory.split(len(body)); err != nil {
		return nil, nil, err
	}
	request.Body = body
	events, bad, err := source.Reader.Read(request)
	if err != nil {
		return nil, nil, err
	}
	return events, bad, memory.keep(len(body), events, bad)
}

func quarantined(source *Source, at hygiene.Instant, why string, body []byte) []hygiene.Unreadable {
	return []hygiene.Unreadable{{ReceivedAt: at, Source: source.Name, Why: why, Body: append([]byte{}, body...)}}
}

// tell answers 200 with what has become of the body.
func tell(w http.ResponseWriter, stored, quarantined int) {
	w.Header().Set("Content-Type", "application/json")
	answer := append(make([]byte, 0, 48), `{"stored":`...)
	answer = strconv.AppendInt(answer, int64(stored), 10)
	answer = append(answer, `,"quarantined":`...)
	answer = strconv.AppendInt(answer, int64(quarantined), 10)
	_, _ = w.Write(append(answer, "}\n"...))
}

// tooMuch refuses a body. The rest of it is not worth reading: the connection
// ends.
func tooMuch(w http.ResponseWriter, err error) string {
	w.Header().Set("Connection", "close")
	http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
	return AnswerTooMuch
}

// retryAfter is when to come again, in seconds.
const retryAfter = "5"

// unavailable asks the provider to come again, and logs now and then that it
// had to.
func (r *Receiver) unavailable(w http.ResponseWriter, source *Source, answer string, err error) string {
	if since, ok := r.trouble.now(r.config.Now()); ok {
		r.config.Logger.Error("callbacks are not stored", "source", source.Name, "answer", answer, "refused", since, "error", err)
	}
	w.Header().Set("Retry-After", retryAfter)
	http.Error(w, "not stored: come again", http.StatusServiceUnavailable)
	return answer
}

// health answers whether callbacks can be stored.
func (r *Receiver) health(w http.ResponseWriter, req *http.Request) {
	switch {
	case req.Method != http.MethodGet && req.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "health is asked for with GET", http.StatusMethodNotAllowed)
	case r.config.Healthy() != nil:
		http.Error(w, "callbacks can't be stored", http.StatusServiceUnavailable)
	default:
		_, _ = io.WriteString(w, "ok\n")
	}
}
