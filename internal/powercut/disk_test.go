package powercut

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// disk is what was done to the files of a folder.
type disk struct {
	folder string
	made   int // the call that made the folder, and the one that synced its name
	synced int // never: after all calls
	names  []nameChange
	writes []fileChange
	files  map[int][]int // the writes of a file
	syncs  int
}

const never = 1 << 60

// nameChange gives a file its name, or takes it away.
type nameChange struct {
	name   string
	file   int // 0: the name goes
	done   int
	synced int
}

// fileChange is a write or, without data, a truncation.
type fileChange struct {
	file          int
	data          []byte
	at            int64
	entered, done int
	synced        int
}

// isData reports whether a file outlives a power cut: not the index of a write-ahead
// log, which is memory, and not a lock.
func isData(path string) bool {
	return strings.HasSuffix(path, ".db") || strings.HasSuffix(path, ".db-wal")
}

func newDisk(folder string, calls []call) *disk {
	d := &disk{folder: folder, made: never, synced: never, files: map[int][]int{}}
	current := map[string]int{} // the files by their names
	last := 0
	for i, c := range calls {
		if len(c.paths) == 0 {
			continue
		}
		path := c.paths[0]
		switch {
		case strings.HasPrefix(c.name, "mkdir") && path == folder:
			d.made = c.done
		case strings.HasSuffix(c.name, "sync"):
			d.sync(&calls[i], current[path])
		case filepath.Dir(path) != folder || !isData(path):
		case c.name == "openat" && strings.Contains(c.flags, "O_CREAT") && current[path] == 0:
			last++
			current[path] = last
			d.names = append(d.names, nameChange{path, last, c.done, never})
		case strings.HasPrefix(c.name, "unlink"):
			delete(current, path)
			d.names = append(d.names, nameChange{path, 0, c.done, never})
		case c.name == "pwrite64":
			d.write(fileChange{current[path], c.data, c.numbers[1], c.entered, c.done, never})
		case c.name == "ftruncate":
			d.write(fileChange{current[path], nil, c.numbers[0], c.entered, c.done, never})
		case strings.Contains(c.name, "write") || strings.Contains(c.name, "rename"):
			panic("the disk has no such call: " + c.name)
		}
	}
	return d
}

func (d *disk) write(w fileChange) {
	d.files[w.file] = append(d.files[w.file], len(d.writes))
	d.writes = append(d.writes, w)
}

// sync notes what a sync made durable: what had ended when it began.
func (d *disk) sync(c *call, file int) {
	switch path := c.paths[0]; {
	case path == filepath.Dir(d.folder) && d.made < c.entered:
		d.synced = min(d.synced, c.done)
	case path == d.folder:
		for i := range d.names {
			if n := &d.names[i]; n.done < c.entered {
				n.synced = min(n.synced, c.done)
			}
		}
	case file != 0:
		d.syncs++
		for _, i := range d.files[file] {
			if w := &d.writes[i]; w.done < c.entered {
				w.synced = min(w.synced, c.done)
			}
		}
	}
}

// cut is a moment at which the power goes, and how much of what was not synced is kept.
type cut struct {
	at     int // a line of the trace
	keep   float64
	random *rand.Rand
}

// keeps decides about a change that was done, and synced, at these lines.
func (c *cut) keeps(done, synced int) bool {
	return synced < c.at || done < c.at && c.random.Float64() < c.keep
}

// sector is what a disk writes as a whole.
const sector = 512

// after writes to a folder what the disk holds after a cut.
func (d *disk) after(c cut, folder string) error {
	if !c.keeps(d.made, d.synced) {
		return nil
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		return err
	}
	there := map[string]int{}
	for _, n := range d.names {
		if c.keeps(n.done, n.synced) {
			there[n.name] = n.file
		}
	}
	for name, file := range there {
		if file == 0 {
			continue
		}
		if err := os.WriteFile(filepath.Join(folder, filepath.Base(name)), d.content(c, file), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// content is what a file holds after a cut.
func (d *disk) content(c cut, file int) (content []byte) {
	for _, i := range d.files[file] {
		w := d.writes[i]
		data := w.data
		if !c.keeps(w.entered, w.synced) { // a write that was under way may be there too
			if w.entered >= c.at || w.data == nil || c.random.Float64() >= c.keep {
				continue
			}
			data = data[:min(len(data), sector*c.random.IntN(1+len(data)/sector))]
		}
		end := w.at + int64(len(data))
		switch {
		case w.data == nil && end < int64(len(content)):
			content = content[:end]
		case end > int64(len(content)):
			content = append(content, make([]byte, end-int64(len(content)))...)
		}
		copy(content[w.at:], data)
	}
	return content
}

func TestADiskKeepsWhatWasSynced(t *testing.T) {
	calls := []call{
		{name: "mkdirat", paths: []string{"/s"}},
		{name: "openat", paths: []string{"/s/a.db"}, flags: "O_RDWR|O_CREAT"},
		{name: "pwrite64", paths: []string{"/s/a.db"}, data: []byte("one"), numbers: []int64{3, 0}},
		{name: "fsync", paths: []string{"/s/a.db"}},
		{name: "fsync", paths: []string{"/s"}},
		{name: "fsync", paths: []string{"/"}},
		{name: "pwrite64", paths: []string{"/s/a.db"}, data: []byte("two"), numbers: []int64{3, 3}},
	}
	for i := range calls {
		calls[i].entered, calls[i].done = i, i
	}
	d := newDisk("/s", calls)
	random := rand.New(rand.NewPCG(1, 1))
	for _, c := range []struct {
		at   int
		keep float64
		want string // "-": there is no file
	}{{7, 0, "one"}, {7, 1, "onetwo"}, {6, 1, "one"}, {5, 0, "-"}, {5, 1, "one"}, {2, 1, ""}, {0, 1, "-"}} {
		folder := filepath.Join(t.TempDir(), "s")
		if err := d.after(cut{c.at, c.keep, random}, folder); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(folder, "a.db"))
		if errors.Is(err, fs.ErrNotExist) {
			got = []byte("-")
		}
		if string(got) != c.want {
			t.Errorf("a cut before call %d that keeps %v of the rest leaves %q, want %q", c.at, c.keep, got, c.want)
		}
	}
}
