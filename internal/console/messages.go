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
)

// maxGroup is how many messages are registered at once, that is, committed
// together.
const maxGroup = 4096

// maxTold is how many conflicts and how many rejected lines are told of one by
// one.
const maxTold = 100

// told is what has become of a send log. Every line of it is answered for.
type told struct {
	New       int64      `json:"new"`
	Known     int64      `json:"known"`
	Matched   int64      `json:"matched"`
	Conflict  int64      `json:"conflict"`
	Reject    int64      `json:"reject"`
	Conflicts []conflict `json:"conflicts"` // the first maxTold
	Rejected  []rejected `json:"rejected"`  // the first maxTold
}

// conflict is a message that was registered for another contact before.
type conflict struct {
	Line      int64  `json:"line"`
	MessageID string `json:"message_id"`
}

// rejected is a line, or one message of a line, that was not taken.
type rejected struct {
	Line  int64  `json:"line"`
	Error string `json:"error"`
}

// register takes a send log in. It is read as it comes and registered in groups,
// so it may be of any size; what was registered stays, whatever comes after it,
// since a log that is sent again registers nothing twice.
func (d *door) register(w http.ResponseWriter, req *http.Request) (any, error) {
	if d.Register == nil {
		return nil, errNothingHere
	}
	body, err := inflated(req.Header.Get("Content-Encoding"), &patient{req.Body, http.NewResponseController(w)})
	if err != nil {
		return nil, err
	}
	g := &registering{
		// What has arrived is registered, also when the sender has hung up since.
		keep: func(list []provider.Registration) (Registered, error) {
			return d.Register(context.WithoutCancel(req.Context()), list)
		},
		did: told{Conflicts: []conflict{}, Rejected: []rejected{}},
	}
	if err := g.readAll(newValues(body)); err != nil {
		return nil, err
	}
	slices.SortStableFunc(g.did.Rejected, func(a, b rejected) int { return cmp.Compare(a.Line, b.Line) })
	if g.did.Reject > 0 && !g.good {
		return nil, &Refusal{Status: http.StatusBadRequest, Err: errors.New("no line could be read as one of a send log: look at rejected"), more: g.did}
	}
	return g.did, nil
}

// inflated reads what a body holds.
func inflated(encoding string, body io.Reader) (io.Reader, error) {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "", "identity":
		return body, nil
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(body)
		if err != nil {
			return nil, refuse(http.StatusBadRequest, "the body is not gzip, though its Content-Encoding says so")
		}
		return z, nil
	}
	return nil, refuse(http.StatusUnsupportedMediaType, "the Content-Encoding is neither gzip nor none: send the body so")
}

// patient gives a body that keeps coming time anew with every read.
type patient struct {
	in      io.Reader
	control *http.ResponseController
}

func (p *patient) Read(b []byte) (int, error) {
	_ = p.control.SetReadDeadline(time.Now().Add(readTimeout)) // a recorder has none
	return p.in.Read(b)
}

// registering is a send log on its way in.
type registering struct {
	keep func([]provider.Registration) (Registered, error)
	did  told
	good bool // a line was one of a send log

	// The group that is registered next, and the line of each of its messages.
	// Of one message it has one contact only, so that a conflict of that message
	// is one of all its lines here.
	group    []provider.Registration
	lines    []int64
	contacts map[string]string // by message
}

// readAll reads the whole log. Its error tells what was registered before.
func (g *registering) readAll(v *values) error {
	for {
		value, line, err := v.next()
		switch {
		case err == nil:
			err = g.take(value, line)
		case errors.Is(err, errTooLong):
			g.reject(line, err)
			err = nil
		case err == io.EOF:
			return g.cutShort(line, http.StatusServiceUnavailable, g.flush())
		default:
			if failed := g.flush(); failed != nil {
				return g.cutShort(line, http.StatusServiceUnavailable, failed)
			}
			return g.cutShort(line, http.StatusBadRequest, errors.New("the body did not arrive whole"))
		}
		if err != nil {
			return g.cutShort(line, http.StatusServiceUnavailable, err)
		}
	}
}

// cutShort says how far a log has come that could not be read to its end.
func (g *registering) cutShort(line int64, status int, err error) error {
	if err == nil {
		return nil
	}
	why := refuse(status, "stopped at line %d: %w; send it all again, nothing is registered twice", line, err).(*Refusal)
	why.more = g.did
	return why
}

// take adds what a line registers to the group.
func (g *registering) take(value []byte, line int64) error {
	list, err := provider.Registrations(value)
	if err != nil {
		g.reject(line, err)
		return nil
	}
	if len(list) == 0 {
		g.good = true // a provider's answer that it took nothing
	}
	for _, one := range list {
		if contact, there := g.contacts[one.MessageID]; len(g.group) == maxGroup || there && contact != one.Contact {
			if err := g.flush(); err != nil {
				return err
			}
		}
		if g.contacts == nil {
			g.contacts = make(map[string]string)
		}
		g.group, g.lines = append(g.group, one), append(g.lines, line)
		g.contacts[one.MessageID] = one.Contact
	}
	return nil
}

// flush registers the group and begins another.
func (g *registering) flush() error {
	if len(g.group) == 0 {
		return nil
	}
	did, err := g.keep(g.group)
	if err != nil {
		return err
	}
	g.good = g.good || did.New+did.Known+did.Conflict > 0
	g.did.New += did.New
	g.did.Known += did.Known
	g.did.Matched += did.Matched
	g.did.Conflict += did.Conflict
	g.tellConflicts(did.Conflicts)
	for _, r := range did.Rejected {
		g.reject(g.lines[r.Index], errors.New(r.Why))
	}
	clear(g.contacts)
	g.group, g.lines = g.group[:0], g.lines[:0]
	return nil
}

// tellConflicts finds the lines of messages in conflict; both are in the order of
// the group.
func (g *registering) tellConflicts(ids []string) {
	from := 0
	for _, id := range ids {
		at := slices.IndexFunc(g.group[from:], func(r provider.Registration) bool { return r.MessageID == id })
		if at < 0 || len(g.did.Conflicts) == maxTold {
			return
		}
		from += at + 1
		g.did.Conflicts = append(g.did.Conflicts, conflict{Line: g.lines[from-1], MessageID: id})
	}
}

func (g *registering) reject(line int64, err error) {
	g.did.Reject++
	if len(g.did.Rejected) < maxTold {
		g.did.Rejected = append(g.did.Rejected, rejected{Line: line, Error: err.Error()})
	}
}
