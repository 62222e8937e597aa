package pagedata

import (
	"context"
	"errors"
	"io"
	"sync"

	"winnow/store/scratchfile"
)

// spooled writes to a client that may be slow what make writes, by way of a scratch file:
// while make runs it holds a snapshot of the store, which must not last as long as a
// client likes. What was made is sent while the rest is being made.
func spooled(ctx context.Context, folder string, to io.Writer, make func(ctx context.Context, spool io.Writer) error) error {
	file, err := scratchfile.Create(folder)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	s := &spool{file: file}
	s.more = sync.NewCond(&s.mu)
	made := sync.WaitGroup{}
	made.Go(func() { s.end(make(ctx, s)) })
	_, err = io.Copy(to, &spoolReader{spool: s})
	cancel() // a client that has gone ends the making
	made.Wait()
	return errors.Join(err, file.Close())
}

// spool is a file that grows, and what is known of it.
type spool struct {
	file *scratchfile.File
	mu   sync.Mutex
	more *sync.Cond
	size int64
	err  error // io.EOF when it is complete
}

// Write appends to the file.
func (s *spool) Write(b []byte) (int, error) {
	n, err := s.file.Write(b)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.size += int64(n)
	s.more.Broadcast()
	return n, err
}

func (s *spool) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err = err; err == nil {
		s.err = io.EOF
	}
	s.more.Broadcast()
}

// spoolReader reads the file from its start, and waits for what comes.
type spoolReader struct {
	spool *spool
	at    int64
}

func (r *spoolReader) Read(b []byte) (int, error) {
	s := r.spool
	s.mu.Lock()
	for r.at == s.size && s.err == nil {
		s.more.Wait()
	}
	left, err := s.size-r.at, s.err
	s.mu.Unlock()
	if left == 0 {
		return 0, err
	}
	n, err := s.file.ReadAt(b[:min(int64(len(b)), left)], r.at)
	r.at += int64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}
