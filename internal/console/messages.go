package console

import (
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"winnow/hygiene/provider"
	"winnow/internal/console/view"
	"winnow/internal/sendlog"
)

const (
	// maxRecord is the largest record of a send log, in bytes.
	maxRecord = 1 << 20
	// maxGroup is how many messages are registered in one call.
	maxGroup = 4096
	// maxListed is how many conflicts, and how many rejected lines, the answer lists.
	maxListed = 100
)

// register registers a send log. It is registered in groups as it arrives, so it
// may be of any size. What was registered stays, whatever follows: sending a log
// again registers nothing twice.
func (s *server) register(w http.ResponseWriter, req *http.Request) (any, error) {
	body, err := inflated(req.Header.Get("Content-Encoding"), &slowBody{req.Body, http.NewResponseController(w)})
	if err != nil {
		return nil, err
	}
	r := &registration{
		// What has arrived is registered even if the sender has hung up since.
		register: func(list []provider.Registration) (RegisterResult, error) {
			return s.Register(context.WithoutCancel(req.Context()), list)
		},
		source: req.URL.Query().Get("source"),
		result: view.Registered{Conflicts: []view.Conflict{}, Rejected: []view.Rejected{}},
	}
	if err := r.readAll(sendlog.NewReader(body, maxRecord)); err != nil {
		return nil, err
	}
	slices.SortStableFunc(r.result.Rejected, func(a, b view.Rejected) int { return cmp.Compare(a.Line, b.Line) })
	if r.result.Reject > 0 && !r.anyGood {
		return nil, &APIError{Status: http.StatusBadRequest, Err: errors.New("no line is a record of a send log; see rejected"), registered: &r.result}
	}
	return r.result, nil
}

// inflated reads the content of a body.
func inflated(encoding string, body io.Reader) (io.Reader, error) {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "", "identity":
		return body, nil
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(body)
		if err != nil {
			return nil, apiErrorf(http.StatusBadRequest, "the body is not gzip, though its Content-Encoding says so")
		}
		return z, nil
	}
	return nil, apiErrorf(http.StatusUnsupportedMediaType, "unsupported Content-Encoding; send the body as gzip or uncompressed")
}

// slowBody extends the read deadline with every read, for a body that keeps coming.
type slowBody struct {
	in      io.Reader
	control *http.ResponseController
}

func (b *slowBody) Read(p []byte) (int, error) {
	_ = b.control.SetReadDeadline(time.Now().Add(readTimeout)) // a recorder does not support it
	return b.in.Read(p)
}

// registration is a send log that is being registered.
type registration struct {
	register func([]provider.Registration) (RegisterResult, error)
	source   string // of messages that name none; empty for what the config says
	result   view.Registered
	anyGood  bool // at least one line was a record of a send log

	// The group that is registered next, and the line of each of its messages.
	group []provider.Registration
	lines []int64
}

// readAll registers the whole log. Its error carries what was registered before.
func (r *registration) readAll(log *sendlog.Reader) error {
	for {
		record, err := log.Next()
		switch {
		case err == io.EOF:
			return r.stopped(record.Line, http.StatusServiceUnavailable, r.flush())
		case err != nil:
			if failed := r.flush(); failed != nil {
				return r.stopped(record.Line, http.StatusServiceUnavailable, failed)
			}
			return r.stopped(record.Line, http.StatusBadRequest, errors.New("request body was incomplete"))
		}
		if err := r.add(record); err != nil {
			return r.stopped(record.Line, http.StatusServiceUnavailable, err)
		}
	}
}

// stopped is the error of a log that was not registered to its end; nil if err is.
func (r *registration) stopped(line int64, status int, err error) error {
	if err == nil {
		return nil
	}
	refusal := apiErrorf(status, "stopped at line %d: %w; send everything again, nothing is registered twice", line, err).(*APIError)
	refusal.registered = &r.result
	return refusal
}

// add adds the messages of a record to the group.
func (r *registration) add(record sendlog.Record) error {
	if record.Err != nil {
		r.reject(record.Line, record.Err.Error())
		return nil
	}
	if len(record.Messages) == 0 {
		r.anyGood = true // a provider's answer that it accepted nothing
	}
	for _, message := range record.Messages {
		if message.IsUnnamed() {
			r.anyGood = true
			r.result.Unnamed++
			continue
		}
		if len(r.group) == maxGroup {
			if err := r.flush(); err != nil {
				return err
			}
		}
		message.Source = cmp.Or(message.Source, r.source)
		r.group, r.lines = append(r.group, message), append(r.lines, record.Line)
	}
	return nil
}

// flush registers the group and starts another.
func (r *registration) flush() error {
	if len(r.group) == 0 {
		return nil
	}
	did, err := r.register(r.group)
	if err != nil {
		return err
	}
	r.anyGood = r.anyGood || did.New+did.Known+did.Refused+int64(len(did.Conflicts)) > 0
	r.result.Refused += did.Refused
	r.result.New += did.New
	r.result.Known += did.Known
	r.result.Matched += did.Matched
	r.result.Conflict += int64(len(did.Conflicts))
	for _, i := range did.Conflicts[:min(len(did.Conflicts), maxListed-len(r.result.Conflicts))] {
		r.result.Conflicts = append(r.result.Conflicts, view.Conflict{Line: r.lines[i], MessageID: r.group[i].MessageID})
	}
	for _, rejected := range did.Rejected {
		r.reject(r.lines[rejected.Index], rejected.Why)
	}
	r.group, r.lines = r.group[:0], r.lines[:0]
	return nil
}

func (r *registration) reject(line int64, why string) {
	r.result.Reject++
	if len(r.result.Rejected) < maxListed {
		r.result.Rejected = append(r.result.Rejected, view.Rejected{Line: line, Error: why})
	}
}
