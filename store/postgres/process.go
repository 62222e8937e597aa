package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"winnow/store/engine"
)

// process is this process in the log: an appender, with its connection.
type process struct {
	engine *Engine
	mu     sync.Mutex // held while it commits
	handle handle

	askedOn  *pgx.Conn // the connection on which the server was asked what it has of the appender
	appender int64     // its number; 0 before its first commit, and after another process closed it
	n        int64     // lines appended, as of its last commit that was answered
	commits  int64     // to the log, the same
	// sent is what it appended lately: what a server that was promoted may lack.
	sent      []sentLines
	sentBytes int
}

// sentLines are the lines of one commit, after the first n.
type sentLines struct {
	after int64
	lines arrivals
	at    time.Time
}

// What a process appended is kept for so long, and so many bytes of it: an asynchronous
// standby is behind by less.
const (
	sentFor   = time.Minute
	sentBytes = 64 << 20
)

// statementFor is how long a commit to the log may take before its connection is given up.
const statementFor = 10 * time.Second

// write runs do in one transaction on the log. When the connection is lost, the next one
// finds out whether it took effect: if not it runs again, so do may run several times.
func (p *process) write(do func(w *logWriter) error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var commit pendingCommit
	return p.handle.use(p.engine, func(c *conn) error {
		ctx, cancel := context.WithTimeout(p.engine.ctx, statementFor)
		defer cancel()
		c.ctx = ctx
		done, err := p.resume(c, &commit)
		if err != nil || done {
			return err
		}
		w, resent := &logWriter{c: c}, commit.sent
		err = c.inTx("BEGIN", func() error { return do(w) }, func() error {
			commit = pendingCommit{w.lines, true}
			return w.appendTo(p)
		})
		if err != nil && c.pg.IsClosed() {
			return errUnused{fmt.Errorf("%w while it committed to the log: %w", errLost, err)}
		}
		if isCode(err, codeAppenderClosed) {
			p.appender = 0
			return errUnused{err}
		}
		if resent && isCode(err, codeUniqueViolation) {
			return errUnused{err} // the commit whose fate was unknown was still under way, and is there now
		}
		commit.sent = false
		if err == nil {
			p.committed(w.lines)
		}
		return err
	})
}

// pendingCommit is the commit under way.
type pendingCommit struct {
	lines arrivals
	sent  bool // its fate is not known
}

// resume makes the connection one of this appender: it registers it, or asks what the server
// has of it, if that may be something else than it remembers. done reports that the commit
// whose fate was unknown is there.
func (p *process) resume(c *conn, commit *pendingCommit) (done bool, err error) {
	defer func() {
		if err != nil {
			c.rollback()
			if c.pg.IsClosed() {
				err = errUnused{fmt.Errorf("%w: %w", errLost, err)}
			}
		}
	}()
	if p.appender == 0 {
		return false, p.register(c)
	}
	if p.asked(c) && !commit.sent {
		return false, nil
	}
	var n, commits int64
	known, closed := false, false
	r := c.query("UPDATE appenders SET writer = $2 WHERE appender = $1 RETURNING n, commits, closed_at <> 0", p.appender, rand.Text())
	if r.Next() {
		known, n, commits, closed = true, r.Int(0), r.Int(1), r.Int(2) != 0
	}
	if err := r.Close(); err != nil {
		return false, err
	}
	p.remember(c)
	switch {
	case !known:
		return false, p.restart(c)
	case commit.sent && commits == p.commits+1:
		commit.sent = false
		p.committed(commit.lines)
		return true, nil
	case closed:
		return false, p.register(c)
	case commits < p.commits || n < p.n:
		return false, p.putBack(c, n)
	}
	// A commit that nobody waited for any more, as it took too long, may be there.
	p.n, p.commits = n, commits
	return false, nil
}

// register takes a number.
func (p *process) register(c *conn) error {
	host, _ := os.Hostname()
	number, err := c.number("INSERT INTO appenders (host, pid, started_at, seen_at, closed_at, writer, n, commits) VALUES ($1, $2, winnow_now(), winnow_now(), 0, $3, 0, 0) RETURNING appender",
		host, int64(os.Getpid()), rand.Text())
	if err != nil {
		return err
	}
	p.appender, p.n, p.commits, p.sent, p.sentBytes = number, 0, 0, nil, 0
	p.remember(c)
	return nil
}

// restart takes a new number, and puts back under it what the server lost.
func (p *process) restart(c *conn) error {
	was := p.sent
	if err := p.register(c); err != nil || len(was) == 0 {
		return err
	}
	return p.resend(c, was, "the server had lost this process")
}

// putBack appends once more what the server lost after the line n.
func (p *process) putBack(c *conn, n int64) error {
	var lost []sentLines
	for _, s := range p.sent {
		if s.after >= n {
			lost = append(lost, s)
		}
	}
	missing := p.n - n
	p.n = n
	for i := range lost {
		missing -= int64(lost[i].lines.len())
	}
	if missing > 0 {
		slog.Error("the server has lost lines of the log that were answered, and they are no longer remembered", "lines", missing, "appender", p.appender)
	}
	p.sent, p.sentBytes = nil, 0
	return p.resend(c, lost, "the server had lost what it had answered")
}

// resend appends lines once more, with the next numbers.
func (p *process) resend(c *conn, list []sentLines, why string) error {
	w := &logWriter{c: c}
	for i := range list {
		w.lines.addAll(&list[i].lines)
	}
	err := c.inTx("BEGIN", func() error { return nil }, func() error { return w.appendTo(p) })
	if err != nil {
		p.sent = list // for the next try
		return err
	}
	p.committed(w.lines)
	slog.Error("lines of the log were put back", "lines", w.lines.len(), "why", why, "appender", p.appender)
	return nil
}

// committed notes a commit that took effect.
func (p *process) committed(lines arrivals) {
	p.commits++
	if lines.len() == 0 {
		return
	}
	now := time.Now()
	p.sent = append(p.sent, sentLines{p.n, lines, now})
	p.n += int64(lines.len())
	p.sentBytes += len(lines.tuples)
	gone := 0
	for gone < len(p.sent)-1 && (p.sentBytes > sentBytes || now.Sub(p.sent[gone].at) > sentFor) {
		p.sentBytes -= len(p.sent[gone].lines.tuples)
		p.sent[gone] = sentLines{}
		gone++
	}
	p.sent = p.sent[gone:]
	p.engine.settler.soon()
}

// asked reports whether this connection is the one on which the server was asked last.
func (p *process) asked(c *conn) bool { return p.askedOn == c.pg }

func (p *process) remember(c *conn) { p.askedOn = c.pg }

// close notes that this process appends nothing more.
func (p *process) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var err error
	if p.appender != 0 {
		err = p.handle.use(p.engine, func(c *conn) error {
			return errors.Join(c.exec("UPDATE appenders SET closed_at = winnow_now() WHERE appender = $1", p.appender), c.flush())
		})
	}
	return errors.Join(err, p.handle.close())
}

// WriteLog implements engine.Engine.
func (e *Engine) WriteLog(do func(engine.LogWriter) error) error {
	return e.process.write(func(w *logWriter) error { return do(w) })
}

// settler gives lines their places soon after they were appended, so that few wait when
// somebody wants to read.
type settler struct {
	engine *Engine
	handle handle
	wanted chan struct{} // has a token when something was appended
	ended  chan struct{}
	done   chan struct{}
}

// settleAfter is how long lines are gathered.
const settleAfter = 50 * time.Millisecond

// mostSettled is how many lines of an appender get their places in one transaction.
const mostSettled = 20_000

// settle gives places to all that has arrived.
func settle(c *conn) error {
	for {
		n, err := c.number("SELECT settle($1)", int64(mostSettled))
		if err != nil || n == 0 {
			return err
		}
	}
}

func (s *settler) start() {
	s.wanted, s.ended, s.done = make(chan struct{}, 1), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(s.done)
		for {
			select {
			case <-s.ended:
				return
			case <-s.wanted:
			}
			select {
			case <-s.ended:
				return
			case <-time.After(settleAfter):
			}
			// An error is that of the next who reads the log, which settles too.
			_ = s.handle.use(s.engine, func(c *conn) error {
				err := settle(c)
				if err != nil {
					c.rollback()
				}
				return err
			})
		}
	}()
}

func (s *settler) soon() {
	if s.wanted == nil {
		return
	}
	select {
	case s.wanted <- struct{}{}:
	default:
	}
}

func (s *settler) stop() {
	if s.ended == nil {
		return
	}
	close(s.ended)
	<-s.done
	s.handle.close()
}
