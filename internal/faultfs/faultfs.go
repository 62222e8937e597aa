// Package faultfs is a file system for tests whose calls can fail, be slow, and be
// forgotten. It shows a folder of the real disk, through FUSE, and does four things that
// no real disk does when it is asked:
//
//   - a chosen call fails with a chosen error ([Fault].Err), also after half of what was
//     to be written, or is late ([Fault].Delay);
//   - a sync fails, and what had not been synced is lost, as Linux does it ([Fault].Lose);
//   - all that changes files and names is written down in its order ([Disk.Record]);
//   - what a disk may hold after a power cut at any moment of that is made ([Journal.After]).
//
// Why FUSE: winnow writes through two ways, Go's system calls and SQLite's C. A library
// that is loaded first sees only the second, and strace (which can fail calls too) knows
// descriptors and not files, can't lose what a failed sync had, and slows each call. A
// file system sees all of it, and what a process maps into memory too. It needs
// /dev/fuse and root: without them, tests are skipped and say so.
//
// The shared memory of SQLite's write-ahead log (-shm) is left alone: no real disk fails
// there, as it is memory, and after a cut it is not there.
//
// Where to change what: the calls are in node.go, what they do to the journal in
// journal.go, and what a power cut leaves in cut.go.
package faultfs

import (
	"log"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// Call is a kind of system call that changes something.
type Call string

// The calls that [Disk.Answer] is asked about.
const (
	Create   Call = "create"
	Open     Call = "open" // of a file that is there
	Write    Call = "write"
	Truncate Call = "truncate"
	Sync     Call = "sync" // of a file or a folder
	Mkdir    Call = "mkdir"
	Rename   Call = "rename" // or exchange
	Remove   Call = "remove" // of a file or a folder
	Link     Call = "link"   // or a symbolic one
	Mode     Call = "mode"
)

// Changes reports whether a call changes what is on the disk.
func (c Call) Changes() bool { return c != Open }

// Operation is one call, before it is done.
type Operation struct {
	Call Call
	Path string // within the disk, such as winnow.db-wal
	N    int64  // its number among all calls that change something, from 1; 0 for others
}

// Fault is what becomes of an operation. The zero value lets it be.
type Fault struct {
	Err   syscall.Errno
	Delay time.Duration
	Half  bool // of a write, half is done before it fails; without Err it is a short write
	Lose  bool // of a sync that fails: what was written since the last one is lost
}

// Disk is a mounted file system.
type Disk struct {
	Folder string // where it is mounted: for the program that is tested
	Behind string // what it shows: for the test, which must not use its own file system

	answer   atomic.Pointer[func(Operation) Fault]
	changes  atomic.Int64
	journal  atomic.Pointer[Journal]
	unsynced unsynced
}

// Mount mounts a new and empty disk until the test ends. The test is skipped where that
// can't be done.
func Mount(tb testing.TB) *Disk {
	tb.Helper()
	d := &Disk{Folder: tb.TempDir(), Behind: tb.TempDir()}
	d.Answer(nil)
	root, err := newRoot(d)
	if err != nil {
		tb.Fatal(err)
	}
	never := time.Duration(0)
	server, err := fs.Mount(d.Folder, root, &fs.Options{
		EntryTimeout: &never, AttrTimeout: &never, NegativeTimeout: &never,
		Logger:       log.New(tb.Output(), "", 0),
		MountOptions: fuse.MountOptions{DirectMountStrict: true, Name: "faultfs", FsName: "faultfs", DisableXAttrs: true, MaxBackground: 64},
	})
	if err != nil {
		tb.Skipf("no file system with faults can be mounted here, which takes root and /dev/fuse: %v", err)
	}
	tb.Cleanup(func() {
		d.Answer(nil)
		err := server.Unmount()
		for end := time.Now().Add(5 * time.Second); err != nil && time.Now().Before(end); err = server.Unmount() {
			time.Sleep(50 * time.Millisecond) // a process that was killed is not gone yet
		}
		if err != nil {
			tb.Errorf("the file system with faults stays mounted: %v", err)
			_ = syscall.Unmount(d.Folder, syscall.MNT_DETACH)
		}
	})
	return d
}

// Answer sets what is asked about each operation, by several goroutines. Nil lets all be.
func (d *Disk) Answer(f func(Operation) Fault) {
	if f == nil {
		f = func(Operation) Fault { return Fault{} }
	}
	d.answer.Store(&f)
}

// Changes returns how many operations have changed something so far.
func (d *Disk) Changes() int64 { return d.changes.Load() }

// Record begins to write down what changes. The disk is to be empty.
func (d *Disk) Record() *Journal {
	j := newJournal()
	d.journal.Store(j)
	return j
}

// ask asks what becomes of an operation, and waits for as long as it is late.
func (d *Disk) ask(call Call, path string) Fault {
	if isMemory(path) {
		return Fault{}
	}
	op := Operation{Call: call, Path: path}
	if call.Changes() {
		op.N = d.changes.Add(1)
	}
	f := (*d.answer.Load())(op)
	time.Sleep(f.Delay)
	return f
}

// isMemory reports whether a file is SQLite's shared memory.
func isMemory(path string) bool { return strings.HasSuffix(path, "-shm") }

// unsynced are the writes that no sync has made durable, for [Fault].Lose.
type unsynced struct {
	mu sync.Mutex
	of map[fileID][]overwritten
}

// overwritten is what a write replaced.
type overwritten struct {
	at   int64
	old  []byte
	size int64 // of the file before
}

// keep notes what a write is about to replace.
func (u *unsynced) keep(id fileID, h fs.FileHandle, at int64, length int) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	f, err := opened(h)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	old := make([]byte, max(0, min(int64(length), info.Size()-at)))
	if _, err := f.ReadAt(old, at); err != nil {
		return err
	}
	if u.of == nil {
		u.of = map[fileID][]overwritten{}
	}
	u.of[id] = append(u.of[id], overwritten{at, old, info.Size()})
	return nil
}

// synced forgets what a sync made durable.
func (u *unsynced) synced(id fileID) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.of, id)
}

// lose puts back what was there at the last sync.
func (u *unsynced) lose(id fileID, h fs.FileHandle) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	f, err := opened(h)
	if err != nil {
		return err
	}
	defer f.Close()
	list := u.of[id]
	delete(u.of, id)
	for i := len(list) - 1; i >= 0; i-- {
		if _, err := f.WriteAt(list[i].old, list[i].at); err != nil {
			return err
		}
		if err := f.Truncate(list[i].size); err != nil {
			return err
		}
	}
	return nil
}
