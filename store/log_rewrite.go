package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"winnow/hygiene"
)

// The log is rewritten so many rows at a time: a callback that comes meanwhile
// waits for a few milliseconds. An outcome of another length moves its whole
// row, so a step is bounded in bytes, too.
const (
	rewriteStep  = 200
	rewriteBytes = 256 << 10
)

// rewording is another outcome for a stored event.
type rewording struct {
	seq     int64
	outcome hygiene.Outcome
}

// putPending notes rewordings that the roster has and the log does not have yet.
func (p *pen) putPending(words []rewording, order []int) error {
	for _, i := range order {
		w := words[i]
		if err := p.c.exec("INSERT INTO rewordings (seq, outcome) VALUES (?, ?) ON CONFLICT (seq) DO UPDATE SET outcome = excluded.outcome", w.seq, w.outcome.String()); err != nil {
			return err
		}
	}
	return nil
}

// pendingWords are the rewordings that the log may not have yet, by seq: at most
// those of one step.
func (s *Store) pendingWords() (words []rewording, err error) {
	err = s.read(func(c *conn) error {
		r := c.query("SELECT seq, outcome FROM rewordings ORDER BY seq")
		for r.next() {
			o, err := hygiene.ParseOutcome(r.text(1))
			if err != nil {
				return errors.Join(err, r.close())
			}
			words = append(words, rewording{r.int(0), o})
		}
		return r.close()
	})
	return words, err
}

func isPending(words []rewording, seq int64) bool {
	_, found := slices.BinarySearchFunc(words, seq, func(w rewording, seq int64) int { return cmp.Compare(w.seq, seq) })
	return found
}

// finishPending writes in the log what one that was cut short left to write.
func (s *Store) finishPending(ctx context.Context) (n int64, err error) {
	words, err := s.pendingWords()
	if err != nil || len(words) == 0 {
		return 0, err
	}
	if err := s.rewordLog(ctx, words); err != nil {
		return 0, err
	}
	return int64(len(words)), s.forgetPending(words)
}

// forgetPending forgets rewordings that the log has now.
func (s *Store) forgetPending(words []rewording) error {
	return s.write(func(c *conn) error {
		for _, w := range words {
			if err := c.exec("DELETE FROM rewordings WHERE seq = ? AND outcome = ?", w.seq, w.outcome.String()); err != nil {
				return err
			}
		}
		return nil
	})
}

// rewordLog writes outcomes in the log, a few at a time, which take turns with
// what others commit there: in this process they wait in the same queue, and
// between them another process has as much time as they took.
func (s *Store) rewordLog(ctx context.Context, words []rewording) error {
	for len(words) > 0 {
		n, weight, err := s.rewriteNext(words)
		if err != nil {
			return err
		}
		began := time.Now()
		if err := s.appender.wait(ctx, &pending{anew: words[:n], weight: weight}); err != nil {
			return fmt.Errorf("write outcomes in the log: %w", err)
		}
		words = words[n:]
		select {
		case <-time.After(time.Since(began)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// rewriteNext is how many of the words, but at least one, one step rewrites, and
// about how many bytes their rows weigh.
func (s *Store) rewriteNext(words []rewording) (n, weight int, err error) {
	err = s.readLog(func(c *conn) error {
		for n < min(len(words), rewriteStep) {
			body, err := c.number("SELECT length(body) FROM events WHERE seq = ?", words[n].seq)
			if err != nil {
				return err
			}
			more := int(body) + eventWeight
			if n > 0 && weight+more > rewriteBytes {
				return nil
			}
			n, weight = n+1, weight+more
		}
		return nil
	})
	return n, weight, err
}

// reword writes outcomes in the log, within a commit.
func (a *appender) reword(p *pending) error {
	a.bytes += p.weight
	for _, w := range p.anew {
		if err := a.c.exec("UPDATE events SET outcome = ? WHERE seq = ?", w.outcome.String(), w.seq); err != nil {
			return err
		}
	}
	return nil
}
