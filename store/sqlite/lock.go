package sqlite

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"winnow/store/engine"
)

// Lock is a lock between processes of one host: flock(2) on a file. The kernel
// frees it when its process dies, however it dies, and keeps it for one that is
// merely stopped: there is no lease that could run out under a slow holder. The
// file stays when the lock is freed; removing it would let two hold it. It
// implements engine.Lock.
type Lock struct {
	path string
	mu   sync.Mutex
	file *os.File // open while held
}

// NewLock is the lock on the file at path, which is created when it is first
// locked; its directory must exist. Two Locks on one path exclude each other,
// also within one process.
func NewLock(path string) *Lock { return &Lock{path: path} }

// String names the lock for people.
func (l *Lock) String() string { return "lock file " + l.path }

// Lost implements engine.Lock.
func (l *Lock) Lost() string {
	return l.String() + " was removed or replaced; leave it alone while winnow runs"
}

// TryLock takes the lock if it is free, and reports whether this Lock now holds
// it. An error means that the file could not be locked at all.
func (l *Lock) TryLock() (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.file == nil {
		file, err := openLocked(l.path)
		if err != nil {
			return false, fmt.Errorf("%s: %w; check that winnow may write there", l, err)
		}
		if file == nil {
			return false, nil
		}
		if !stillAt(l.path, file) {
			file.Close()
			continue
		}
		l.file = file
		// Only to show people: the lock holds without it, also on a full disk.
		if file.Truncate(0) == nil {
			file.WriteAt(strconv.AppendInt(nil, int64(os.Getpid()), 10), 0)
		}
	}
	return true, nil
}

// openLocked opens and locks the file; nil when another holds the lock.
func openLocked(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, errors.Unwrap(err)
	}
	for {
		err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err != syscall.EINTR {
			break
		}
	}
	if err == nil {
		return file, nil
	}
	file.Close()
	if err == syscall.EWOULDBLOCK {
		return nil, nil
	}
	return nil, err
}

// stillAt reports whether the locked file is the one that others will open: it
// may have been replaced between opening and locking.
func stillAt(path string, file *os.File) bool {
	there, err1 := os.Stat(path)
	ours, err2 := file.Stat()
	return err1 == nil && err2 == nil && os.SameFile(there, ours)
}

// Unlock frees the lock; it does nothing when the lock is not held.
func (l *Lock) Unlock() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	err := l.file.Close()
	l.file = nil
	return err
}

// Held reports whether the lock is held and its file is still the one that
// others would try to lock.
func (l *Lock) Held() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.file != nil && stillAt(l.path, l.file)
}

// Taken reports whether anyone holds the lock, this Lock included, which process
// that is, as [Lock.Holder] does, and since when. A lock file that can't be
// opened counts as free.
func (l *Lock) Taken() (holder engine.Holder, since time.Time, taken bool) {
	file, err := os.Open(l.path)
	if err != nil {
		return engine.Holder{}, time.Time{}, false
	}
	defer file.Close()
	// A shared lock can be taken while the other kind is not held, and goes with
	// the file.
	if syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) != syscall.EWOULDBLOCK {
		return engine.Holder{}, time.Time{}, false
	}
	if info, err := file.Stat(); err == nil {
		since = info.ModTime() // of writing the process id there
	}
	return l.Holder(), since, true
}

// Holder implements engine.Lock.
func (l *Lock) Holder() engine.Holder {
	written, err := os.ReadFile(l.path)
	if err != nil {
		return engine.Holder{}
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(written)))
	if err != nil {
		return engine.Holder{}
	}
	return engine.Holder{Process: pid}
}
