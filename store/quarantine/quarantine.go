// Package quarantine reads the bodies in quarantine from the log.
package quarantine

import (
	"context"
	"errors"
	"slices"

	"winnow/hygiene"
	"winnow/hygiene/callback"
	"winnow/store/engine"
)

// Body is one body in quarantine.
type Body struct {
	ID int64
	hygiene.Unreadable
}

// The bounds of what [Each] reads together.
const (
	page      = 256
	pageBytes = 4 << 20
)

// Each visits the bodies, the oldest first, a page at a time: those of the source, empty
// for all, that were received at since or later. What comes into quarantine meanwhile is
// left out.
func Each(ctx context.Context, read func(func(engine.LogReader) error) error, source string, since hygiene.Instant, visit func([]Body) error) error {
	var last int64
	err := read(func(l engine.LogReader) (err error) {
		last, err = l.Number("SELECT max(id) FROM quarantine")
		return err
	})
	for id := int64(0); err == nil && id < last && ctx.Err() == nil; {
		var bodies []Body
		err = read(func(l engine.LogReader) (err error) {
			bodies, err = after(l, id, last)
			return err
		})
		if err != nil || len(bodies) == 0 {
			return err
		}
		id = bodies[len(bodies)-1].ID
		err = visit(slices.DeleteFunc(bodies, func(b Body) bool {
			return source != "" && b.Source != source || b.ReceivedAt < since
		}))
	}
	return errors.Join(err, ctx.Err())
}

func after(l engine.LogReader, id, last int64) (bodies []Body, err error) {
	r := l.Query("SELECT id, received_at, source, why, body, request FROM quarantine WHERE id > ? AND id <= ? ORDER BY id LIMIT ?", id, last, page)
	for bytes := 0; bytes < pageBytes && r.Next(); bytes += len(bodies[len(bodies)-1].Body) {
		bodies = append(bodies, bodyIn(r))
	}
	return bodies, r.Close()
}

func bodyIn(r engine.Rows) Body {
	return Body{r.Int(0), hygiene.Unreadable{ReceivedAt: hygiene.Instant(r.Int(1)), Source: r.Text(2), Why: r.Text(3), Body: r.Blob(4), Unverified: callback.Unpack(r.Text(5))}}
}

// Latest reads the latest bodies, at most so many, the latest first.
func Latest(l engine.LogReader, most int) (bodies []Body, err error) {
	r := l.Query("SELECT id, received_at, source, why, body, request FROM quarantine ORDER BY id DESC LIMIT ?", most)
	for r.Next() {
		bodies = append(bodies, bodyIn(r))
	}
	return bodies, r.Close()
}

// Excerpt is the beginning of a body.
type Excerpt struct {
	Body
	Bytes int64 // of the whole body
}

// Excerpts reads the first bytes of the latest bodies, at most so many, the latest first.
func Excerpts(l engine.LogReader, most, bytes int) (list []Excerpt, err error) {
	r := l.Query("SELECT id, received_at, source, why, substr(body, 1, ?), request, length(body) FROM quarantine ORDER BY id DESC LIMIT ?", bytes, most)
	for r.Next() {
		list = append(list, Excerpt{bodyIn(r), r.Int(6)})
	}
	return list, r.Close()
}

// Reason is why bodies of a source are in quarantine.
type Reason struct {
	Source, Why string
	Bodies      int64
	Latest      hygiene.Instant // receipt of the last one
}

// Reasons counts why the latest bodies, so many of them, are in quarantine: the most common
// reasons, at most so many.
func Reasons(l engine.LogReader, bodies, most int) (list []Reason, err error) {
	r := l.Query(`SELECT source, why, count(*), max(received_at) FROM (SELECT source, why, received_at FROM quarantine ORDER BY id DESC LIMIT ?) AS latest
		GROUP BY source, why ORDER BY count(*) DESC, source, why LIMIT ?`, bodies, most)
	for r.Next() {
		list = append(list, Reason{r.Text(0), r.Text(1), r.Int(2), hygiene.Instant(r.Int(3))})
	}
	return list, r.Close()
}
