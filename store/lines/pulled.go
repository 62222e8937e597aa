package lines

import (
	"winnow/hygiene"
	"winnow/store/engine"
)

// Pulled is how far the log of each receiver was pulled, by writer: of one receiver the
// latest writer last. A writer's lines are one receiver's, so that two names of one host
// give each line once.
func (l *Log) Pulled() (list []engine.Pulled, err error) {
	err = l.read(func(r engine.LogReader) error {
		rows := r.Query("SELECT writer, receiver, n, received_at FROM pulled ORDER BY turn")
		for rows.Next() {
			list = append(list, pulledIn(rows))
		}
		return rows.Close()
	})
	return list, err
}

// PulledOf is how far the lines of a writer were pulled; Through is 0 for not at all.
func (l *Log) PulledOf(writer string) (p engine.Pulled, err error) {
	p.Writer = writer
	err = l.read(func(r engine.LogReader) error {
		rows := r.Query("SELECT writer, receiver, n, received_at FROM pulled WHERE writer = ?", writer)
		if rows.Next() {
			p = pulledIn(rows)
		}
		return rows.Close()
	})
	return p, err
}

func pulledIn(r engine.Rows) engine.Pulled {
	n := r.Int(2)
	return engine.Pulled{Writer: r.Text(0), Receiver: r.Text(1), From: n, Through: n, Received: hygiene.Instant(r.Int(3))}
}
