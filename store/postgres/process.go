package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
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
	writer   string    // the name of that connection: an earlier one commits nothing more
	n        int64     // lines appended, as of its last commit that was answered
	commits  int64     // to the log, the same
	// sent is what it appended lately: what a server that was promoted may lack.
	sent      []sentLines
	sentBytes int
	lost      []sentLines // of sent, what the server lacks, until it is put back
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
		w := &logWriter{c: c, held: p.engine.leases.held()}
		err = c.inTx("BEGIN", func() error { return do(w) }, func() error {
			commit = pendingCommit{w.lines, true}
			return w.appendTo(p)
		})
		if err != nil && c.pg.IsClosed() {
			return errUnused{fmt.Errorf("%w while it committed to the log: %w", errLost, err)}
		}
		commit.sent = false
		switch {
		case isCode(err, codeAppenderClosed):
			p.appender = 0
			return errUnused{err}
		case isCode(err, codeDeadlock):
			return errUnused{err} // nothing of it is there, and the other transaction has gone on
		case err == nil:
			p.committed(w.lines)
		}
		return w.held.lost(&p.engine.leases, err)
	})
}

// pendingCommit is the commit under way.
type pendingCommit struct {
	lines arrivals
	sent  bool // its fate is not known
}

// resume makes the connection the one of this appender: it registers it, or asks what the
// server has of it, if that may be something else than it remembers. From then on no earlier
// connection commits, so the answer stays true. done reports that the commit whose fate was
// unknown is there.
func (p *process) resume(c *conn, commit *pendingCommit) (done bool, err error) {
	defer func() {
		if err != nil {
			c.rollback()
			if c.pg.IsClosed() {
				err = errUnused{fmt.Errorf("%w: %w", errLost, err)}
			}
		}
	}()
	switch {
	case p.appender == 0:
		err = p.register(c)
	case p.askedOn != c.pg || commit.sent || len(p.lost) > 0:
		done, err = p.ask(c, commit)
	}
	if err == nil && len(p.lost) > 0 {
		err = p.putBack(c)
	}
	return done, err
}

// ask asks the server what it has of the appender, in which it is this connection's from now
// on: where an earlier one is about to commit, it is waited for.
func (p *process) ask(c *conn, commit *pendingCommit) (done bool, err error) {
	writer := rand.Text()
	var n, commits int64
	known, closed := false, false
	r := c.query("UPDATE appenders SET writer = $2 WHERE appender = $1 RETURNING n, commits, closed_at <> 0", p.appender, writer)
	if r.Next() {
		known, n, commits, closed = true, r.Int(0), r.Int(1), r.Int(2) != 0
	}
	if err := r.Close(); err != nil {
		return false, err
	}
	p.askedOn, p.writer = c.pg, writer
	there := known && commits == p.commits+1
	switch {
	case there && len(p.lost) > 0:
		p.isBack()
	case there && commit.sent:
		commit.sent = false
		p.committed(commit.lines)
		return true, nil
	}
	commit.sent = false
	switch {
	case !known:
		p.lose(0)
		return false, p.register(c)
	case closed:
		return false, p.register(c)
	case commits < p.commits || n < p.n:
		p.lose(n)
	default: // a commit that nobody waited for any more, as it took too long, may be there
		p.n, p.commits = n, commits
	}
	return false, nil
}

// register takes a number.
func (p *process) register(c *conn) error {
	host, _ := os.Hostname()
	writer := rand.Text()
	number, err := c.number("INSERT INTO appenders (host, pid, started_at, seen_at, closed_at, writer, n, commits) VALUES ($1, $2, winnow_now(), winnow_now(), 0, $3, 0, 0) RETURNING appender",
		host, int64(os.Getpid()), writer)
	if err != nil {
		return err
	}
	p.askedOn, p.writer = c.pg, writer
	p.appender, p.n, p.commits, p.sent, p.sentBytes = number, 0, 0, nil, 0
	return nil
}

// lose notes that the server has nothing after the line n, as one that was behind took over.
func (p *process) lose(n int64) {
	missing, kept := p.n-n, 0
	for kept < len(p.sent) && p.sent[kept].after < n {
		kept++
	}
	for i := range p.sent[kept:] {
		missing -= int64(p.sent[kept+i].lines.len())
		p.sentBytes -= len(p.sent[kept+i].lines.tuples)
	}
	if missing > 0 {
		slog.Error("the server has lost lines of the log that were answered, and they are no longer remembered", "lines", missing, "appender", p.appender)
	}
	p.lost = append(slices.Clone(p.sent[kept:]), p.lost...)
	p.n, p.sent = n, p.sent[:kept:kept]
}

// putBack appends once more what the server lost, with the next numbers.
func (p *process) putBack(c *conn) error {
	w := &logWriter{c: c, lines: p.lostLines()}
	if err := c.inTx("BEGIN", func() error { return nil }, func() error { return w.appendTo(p) }); err != nil {
		return err
	}
	p.isBack()
	return nil
}

// lostLines are the lines to be put back.
func (p *process) lostLines() (lines arrivals) {
	for i := range p.lost {
		lines.addAll(&p.lost[i].lines)
	}
	return lines
}

// isBack notes that what the server lost is there again.
func (p *process) isBack() {
	lines := p.lostLines()
	p.lost = nil
	p.committed(lines)
	slog.Error("the server had lost lines of the log that were answered: they were put back", "lines", lines.len(), "appender", p.appender)
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
