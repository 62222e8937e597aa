package silence

import (
	"time"

	"winnow/hygiene"
	"winnow/store/engine"
)

// Counted is how many messages were silent at the last review.
type Counted struct {
	At     hygiene.Instant // of the review; 0 for none
	After  time.Duration   // how long after its sending a message counted as silent
	Counts []Count
}

// BySource is how many messages of each source were silent.
func (c *Counted) BySource() map[string]int64 {
	sums := map[string]int64{}
	for _, of := range c.Counts {
		sums[of.Source] += of.Messages
	}
	return sums
}

// Read reads what was counted last.
func Read(q engine.Querier) (c Counted, err error) {
	r := q.Query("SELECT at, after FROM silence_counted")
	for r.Next() {
		c.At, c.After = hygiene.Instant(r.Int(0)), time.Duration(r.Int(1))
	}
	if err := r.Close(); err != nil || c.At == 0 {
		return c, err
	}
	r = q.Query("SELECT source, day, messages FROM silent_messages ORDER BY source, day")
	for r.Next() {
		c.Counts = append(c.Counts, Count{Source: r.Text(0), Day: r.Int(1), Messages: r.Int(2)})
	}
	return c, r.Close()
}

// Save is the one writer of both tables. It replaces what was counted before.
func Save(w engine.Writer, c Counted) error {
	err := w.Exec("DELETE FROM silent_messages")
	for i := 0; err == nil && i < len(c.Counts); i++ {
		of := &c.Counts[i]
		err = w.Exec("INSERT INTO silent_messages (source, day, messages) VALUES (?, ?, ?)", of.Source, of.Day, of.Messages)
	}
	if err != nil {
		return err
	}
	return w.Exec("INSERT INTO silence_counted (id, at, after) VALUES (1, ?, ?) ON CONFLICT (id) DO UPDATE SET at = excluded.at, after = excluded.after", int64(c.At), int64(c.After))
}
