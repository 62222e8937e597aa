package faultfs

import (
	"slices"
	"sync"
	"syscall"
)

// Journal is what changed on a disk, in its order. A nil one writes nothing down.
type Journal struct {
	naming sync.Mutex // held while names change, so that they are written down in order

	mu      sync.Mutex
	moment  int // of the next beginning or end of a call
	files   map[fileID]file
	changes []nameChange
	writes  []fileChange
	of      map[fileID][]int // the writes of a file
	// What no sync has made durable: writes of a file, and changes of names.
	unsynced map[fileID][]int
	waiting  []int
	syncs    []syncCall
	marks    []mark
}

type kind int

const (
	regular kind = iota + 1
	folder
	link
)

// file is what a name stands for.
type file struct {
	kind   kind
	target string // of a link
}

// nameEntry gives a name of a folder to a file, or takes it away.
type nameEntry struct {
	folder fileID
	name   string
	file   fileID // none: the name goes
	as     file   // what it is, when it is new
}

// nameChange is one call that changes names: as one, or not.
type nameChange struct {
	entries []nameEntry
	waits   []fileID // the folders that have not been synced since
	done    int
	synced  int // when the sync of the last of its folders had ended; never
}

// fileChange is a write or, without data, a truncation.
type fileChange struct {
	file          fileID
	data          []byte
	at            int64
	entered, done int
	synced        int
}

type syncCall struct{ entered, done int }

type mark struct {
	text string
	at   int
}

const never = 1 << 60

func newJournal() *Journal {
	return &Journal{files: map[fileID]file{{}: {kind: folder}}, of: map[fileID][]int{}, unsynced: map[fileID][]int{}}
}

// Mark writes down that something happened now.
func (j *Journal) Mark(text string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.marks = append(j.marks, mark{text, j.tick()})
}

// Marks returns what was marked before a moment.
func (j *Journal) Marks(before int) (texts []string) {
	for _, m := range j.marks {
		if m.at < before {
			texts = append(texts, m.text)
		}
	}
	return texts
}

// Moments returns how many moments there are at which the power can be cut.
func (j *Journal) Moments() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.moment
}

// Counts returns how many writes, changes of names and syncs were written down.
func (j *Journal) Counts() (writes, names, syncs int) {
	return len(j.writes), len(j.changes), len(j.syncs)
}

func (j *Journal) tick() int {
	j.moment++
	return j.moment - 1
}

// begin is the moment at which a call begins.
func (j *Journal) begin() int {
	if j == nil {
		return 0
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.tick()
}

// names does what changes names, and writes it down if it is done.
func (j *Journal) names(do func() syscall.Errno, change func() []nameEntry) syscall.Errno {
	if j == nil {
		return do()
	}
	j.naming.Lock()
	defer j.naming.Unlock()
	errno := do()
	if errno != 0 {
		return errno
	}
	entries := change()
	if len(entries) == 0 {
		return 0
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	c := nameChange{entries: entries, done: j.tick(), synced: never}
	for _, e := range entries {
		c.waits = append(c.waits, e.folder)
		if e.as.kind != 0 {
			if _, there := j.files[e.file]; !there {
				j.files[e.file] = e.as
			}
		}
	}
	j.waiting = append(j.waiting, len(j.changes))
	j.changes = append(j.changes, c)
	return 0
}

func (j *Journal) write(id fileID, data []byte, at int64, do func() (uint32, syscall.Errno)) (uint32, syscall.Errno) {
	if j == nil {
		return do()
	}
	entered := j.begin()
	n, errno := do()
	if errno == 0 {
		j.changed(fileChange{id, append([]byte{}, data[:n]...), at, entered, 0, never})
	}
	return n, errno
}

func (j *Journal) truncate(id fileID, size int64, do func() syscall.Errno) syscall.Errno {
	if j == nil {
		return do()
	}
	entered := j.begin()
	errno := do()
	if errno == 0 {
		j.changed(fileChange{id, nil, size, entered, 0, never})
	}
	return errno
}

func (j *Journal) changed(c fileChange) {
	j.mu.Lock()
	defer j.mu.Unlock()
	c.done = j.tick()
	j.of[c.file] = append(j.of[c.file], len(j.writes))
	j.unsynced[c.file] = append(j.unsynced[c.file], len(j.writes))
	j.writes = append(j.writes, c)
}

// sync writes down that a file or a folder was synced by a call that had begun then: what
// had ended before is durable.
func (j *Journal) sync(id fileID, entered int) {
	if j == nil {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	done := j.tick()
	j.syncs = append(j.syncs, syncCall{entered, done})
	j.unsynced[id] = slices.DeleteFunc(j.unsynced[id], func(i int) bool {
		w := &j.writes[i]
		if w.done < entered {
			w.synced = done
		}
		return w.done < entered
	})
	j.waiting = slices.DeleteFunc(j.waiting, func(i int) bool {
		c := &j.changes[i]
		if c.done < entered {
			c.waits = slices.DeleteFunc(c.waits, func(folder fileID) bool { return folder == id })
		}
		if len(c.waits) == 0 {
			c.synced = done
		}
		return len(c.waits) == 0
	})
}
