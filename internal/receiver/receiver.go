// Package receiver is the public server: it accepts the callbacks of providers.
//
// A provider wants exactly 200, quickly, always: it gives up after an hour, and
// sends no message at all while its probe of the URL is answered otherwise. So a
// known token is answered 200 whatever the body holds, once the body is on disk
// as events or in quarantine. A body that is too large is refused where the provider
// sends it again in parts; of others its beginning is kept in quarantine. Any other
// answer means that nothing was stored and the provider should retry.
//
// What is not verified is kept and answered 200 too, unless the source says otherwise: a
// secret that was replaced, or a proxy that changes the URL, makes good callbacks look bad,
// and some providers never send again what was answered 4xx.
//
// The path is the only secret, so it is handled with care: no redirects, one
// answer for everything unknown, tokens compared by digest in constant time, and
// no token, body or contact in a log line or a metric.
//
// The memory of large bodies is bounded by a [memoryLimit], of which each body
// has a [reservation] of what it really takes. A body that would exceed the limit
// waits for a moment and is then answered 503. Small bodies, as callbacks are,
// never wait.
//
// Where to change what:
//
//   - what a request is answered, and the Answer words that metrics use: receiver.go
//   - paths, protocol and timeouts of connections: server.go
//   - where callbacks may come from: address.go
//   - how many connections there may be: not here but in the daemon's connections.go
//   - size, encoding and timeouts of bodies: body.go; their memory: memory.go
//   - whose callbacks are verified, and what becomes of others: verify.go
//   - requests by which a provider tries the URL: handshake.go
//   - how a body becomes events: not here but in winnow/hygiene/provider
package receiver

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strconv"
	"sync/atomic"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/provider"
	"winnow/hygiene/provider/signature"
	"winnow/internal/loglimit"
)

// Log stores callbacks.
type Log interface {
	// Append returns nil once everything is on disk. After an error it is unknown
	// whether it is. Concurrent calls may share one commit.
	Append(ctx context.Context, events []hygiene.Event, bad []hygiene.Unreadable) error
}

// Counter counts callbacks.
type Counter interface {
	// Callback counts one request: the source's name, empty for an unknown token,
	// one of the Answer words, and the time it took to answer.
	Callback(source, answer string, took time.Duration)
}

// What a request was answered, with the status unless the format of the source says
// another one for 200 and 503. The words are labels of metrics.
const (
	AnswerStored       = "stored"        // 200: on disk
	AnswerLeftOut      = "left_out"      // 200: not about a message that was sent, nothing to store
	AnswerProbed       = "probed"        // 200: GET, HEAD or OPTIONS, nothing to store
	AnswerUnauthorized = "unauthorised"  // 404: unknown token
	AnswerWrongAddress = "wrong_address" // 404: the source's callbacks don't come from there
	AnswerNotAllowed   = "not_allowed"   // 405: another method
	AnswerCutShort     = "cut_short"     // 400: the body was incomplete
	AnswerTooMuch      = "too_much"      // 413: too many bytes or objects, of a provider that sends them again
	AnswerBusy         = "busy"          // 503: too many large bodies in memory
	AnswerUnverified   = "unverified"    // 403: its signature is missing or wrong
	AnswerUnavailable  = "unavailable"   // 503: not stored for certain
	AnswerPanicked     = "panicked"      // 500

	AnswerOtherProtocol = "other_protocol" // 505: HTTP/2
)

// Source is one provider account.
type Source struct {
	Name   string
	Tokens []string       // no two sources share one
	From   []netip.Prefix // where its callbacks may come from; empty for everywhere
	Reader *provider.Reader
	// Account verifies its callbacks; nil when nothing is verified.
	Account *signature.Account
	// Reject refuses callbacks that are not verified, instead of keeping them.
	Reject bool
}

// Config is what a receiver needs. Log is required.
type Config struct {
	Sources []Source
	Proxies []netip.Prefix // whose X-Forwarded-For is believed
	Log     Log
	Counter Counter          // nil: nothing is counted
	Logger  *slog.Logger     // nil: nothing is logged
	Now     func() time.Time // nil: time.Now
	Healthy func() error     // why callbacks can't be stored now; nil: they always can
}

// Receiver answers callbacks.
type Receiver struct {
	config Config
	tokens atomic.Pointer[tokenTable]
	memory *memoryLimit

	errorLog, addressLog, protocolLog *loglimit.Limiter
}

// New returns a receiver that is ready for requests.
func New(c Config) *Receiver {
	if c.Counter == nil {
		c.Counter = noCounter{}
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
	r := &Receiver{config: c, memory: newMemoryLimit(),
		errorLog: loglimit.New(10 * time.Second), addressLog: loglimit.New(time.Minute), protocolLog: loglimit.New(time.Minute)}
	r.SetSources(c.Sources, c.Proxies)
	return r
}

type noCounter struct{}

func (noCounter) Callback(string, string, time.Duration) {}

// SetSources swaps all sources in one step, and the proxies whose X-Forwarded-For is
// believed. Requests under way finish with those they started with.
func (r *Receiver) SetSources(sources []Source, proxies []netip.Prefix) {
	r.tokens.Store(newTokenTable(sources, proxies))
}

// answer answers a request to the source and returns the Answer word.
func (r *Receiver) answer(w http.ResponseWriter, req *http.Request, source *Source) string {
	const allowed = "GET, HEAD, OPTIONS, POST"
	switch req.Method {
	case http.MethodPost:
		return r.store(w, req, source)
	case http.MethodOptions:
		w.Header().Set("Allow", allowed)
	case http.MethodGet:
		if answer, is := source.answerChallenge(w, req); is {
			return answer
		}
		if req.URL.RawQuery != "" && source.Reader.Takes(http.MethodGet) {
			return r.store(w, req, source)
		}
	}
	switch req.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		source.writeOK(w, 0, 0)
		return AnswerProbed
	}
	w.Header().Set("Allow", allowed)
	http.Error(w, "send callbacks with POST", http.StatusMethodNotAllowed)
	return AnswerNotAllowed
}

// store reads one callback, stores it and answers.
func (r *Receiver) store(w http.ResponseWriter, req *http.Request, source *Source) string {
	if req.ContentLength > MaxBody && source.refusesMore() {
		return rejectTooMuch(w, errTooLarge)
	}
	memory := &reservation{limit: r.memory, ctx: req.Context()}
	defer memory.release()

	is, err := r.read(newBodyReader(w, req), req, source, memory)
	if asked, ok := err.(validation); ok { // errors.As would make each callback pay for it
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(asked.answer)
		return AnswerProbed
	}
	switch {
	case errors.Is(err, errBusy):
		return r.unavailable(w, source, AnswerBusy, err)
	case errors.Is(err, errTooLarge), errors.Is(err, provider.ErrTooMany):
		return rejectTooMuch(w, err)
	case errors.Is(err, errUnverified):
		http.Error(w, err.Error(), http.StatusForbidden)
		return AnswerUnverified
	case err != nil:
		http.Error(w, "request body was incomplete", http.StatusBadRequest)
		return AnswerCutShort
	}
	if len(is.Events)+len(is.Unreadable) > 0 {
		for i := range is.Events {
			is.Events[i].Received = is.Events[i].At == is.Events[i].ReceivedAt
		}
		// What has arrived is stored even if the provider has hung up since.
		if err := r.config.Log.Append(context.WithoutCancel(req.Context()), is.Events, is.Unreadable); err != nil {
			return r.unavailable(w, source, AnswerUnavailable, err)
		}
	}
	if r.config.Logger.Enabled(req.Context(), slog.LevelDebug) {
		r.config.Logger.Debug("callback stored", "source", source.Name, "stored", len(is.Events), "quarantined", len(is.Unreadable), "left_out", is.LeftOut)
	}
	source.writeOK(w, len(is.Events), len(is.Unreadable))
	if is.LeftOut > 0 && len(is.Events)+len(is.Unreadable) == 0 {
		return AnswerLeftOut
	}
	return AnswerStored
}

// read reads the body and splits it. A body that can't be inflated is quarantined
// as it was received.
func (r *Receiver) read(body io.Reader, req *http.Request, source *Source, memory *reservation) (is provider.Reading, err error) {
	now := hygiene.InstantOf(r.config.Now())
	request := provider.Request{Method: req.Method, Header: req.Header, Query: req.URL.RawQuery, ReceivedAt: now}
	if req.Method == http.MethodGet { // its event is its query: a body would be verified in its place
		return split(nil, req, &request, source, memory)
	}
	buffer := buffers.Get().(*[]byte)
	defer putBuffer(buffer)
	*buffer, err = readAll(*buffer, body, memory)
	switch {
	case errors.Is(err, errTooLarge) && !source.refusesMore():
		drain(body)
		return source.beginning(req, *buffer, now)
	case err != nil:
		return is, err
	}
	switch contentEncoding(req) {
	case "", "identity":
		return split(*buffer, req, &request, source, memory)
	case "gzip", "x-gzip":
		inflated := buffers.Get().(*[]byte)
		defer putBuffer(inflated)
		*inflated, err = inflate(*inflated, *buffer, memory)
		switch {
		case err == nil:
			return split(*inflated, req, &request, source, memory)
		case errors.Is(err, errTooLarge) && !source.refusesMore():
			return source.beginning(req, *inflated, now)
		case errors.Is(err, errTooLarge), errors.Is(err, errBusy):
			return is, err
		}
		return source.broken(req, "the body is not gzip, though its Content-Encoding says so", *buffer, now)
	}
	return source.broken(req, "the body has a Content-Encoding other than gzip", *buffer, now)
}

// split makes of a body what is stored, and adjusts the reservation.
func split(body []byte, req *http.Request, request *provider.Request, source *Source, memory *reservation) (is provider.Reading, err error) {
	if err := memory.forSplit(len(body)); err != nil {
		return is, err
	}
	if kept, err := source.verify(req, body, request.ReceivedAt); err != nil || len(kept.Unreadable) > 0 {
		return kept, err
	}
	if answer := source.validation(body); answer != nil {
		return is, validation{answer}
	}
	request.Body = body
	if is, err = source.Reader.Read(request); err != nil {
		return is, err
	}
	return is, memory.forEvents(len(body), &is)
}

// writeOK answers with the number of events stored and bodies quarantined.
func (s *Source) writeOK(w http.ResponseWriter, stored, quarantined int) {
	w.Header().Set("Content-Type", "application/json")
	if status := s.Reader.Format().Answer.Stored(); status != http.StatusOK {
		w.WriteHeader(status)
	}
	answer := append(make([]byte, 0, 48), `{"stored":`...)
	answer = strconv.AppendInt(answer, int64(stored), 10)
	answer = append(answer, `,"quarantined":`...)
	answer = strconv.AppendInt(answer, int64(quarantined), 10)
	_, _ = w.Write(append(answer, "}\n"...))
}

// rejectTooMuch refuses a body and closes the connection, because the rest of the
// body is not worth reading.
func rejectTooMuch(w http.ResponseWriter, err error) string {
	w.Header().Set("Connection", "close")
	http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
	return AnswerTooMuch
}

// retryAfter is when the provider should retry, in seconds.
const retryAfter = "5"

// unavailable asks the provider to retry. It logs the error, but not every time.
func (r *Receiver) unavailable(w http.ResponseWriter, source *Source, answer string, err error) string {
	if refused, ok := r.errorLog.Allow(r.config.Now()); ok {
		r.config.Logger.Error("callbacks are not stored", "source", source.Name, "answer", answer, "refused", refused, "error", err)
	}
	w.Header().Set("Retry-After", retryAfter)
	http.Error(w, "not stored; retry later", source.Reader.Format().Answer.Retry())
	return answer
}
