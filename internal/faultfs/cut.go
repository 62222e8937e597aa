package faultfs

import (
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
)

// Model is how a file system keeps changes of names that were not synced.
type Model int

// The models: POSIX promises no more than the first; ext4, XFS and Btrfs keep the last.
const (
	EachName   Model = iota // each change is there or not
	EachFolder              // of each folder, the changes up to some moment
	InOrder                 // all changes up to some moment, and all before any sync
	models
)

// Cut is a moment at which the power goes, and how much of what was not synced is kept.
type Cut struct {
	At     int     // of [Journal.Moments]
	Keep   float64 // the share of what was not synced that is kept; torn writes too
	Model  Model
	Random *rand.Rand
}

// RandomCut chooses a cut of the journal: one of three is beside a change of a name,
// where the most can go wrong and which are few.
func (j *Journal) RandomCut(random *rand.Rand) Cut {
	at := random.IntN(j.Moments() + 1)
	if len(j.changes) > 0 && random.IntN(3) == 0 {
		at = j.changes[random.IntN(len(j.changes))].done + random.IntN(3)
	}
	return Cut{At: at, Keep: []float64{0, 0.1, 0.5, 0.9, 1}[random.IntN(5)], Model: Model(random.IntN(int(models))), Random: random}
}

// keeps decides about what was done, and synced, at these moments.
func (c *Cut) keeps(done, synced int) bool {
	return synced < c.At || done < c.At && c.Random.Float64() < c.Keep
}

// After makes in a new folder what the disk holds after a cut. SQLite's shared memory
// is not there.
func (j *Journal) After(c Cut, to string) error {
	names := map[fileID]map[string]fileID{}
	for _, n := range j.kept(&c) {
		for _, e := range n.entries {
			if names[e.folder] == nil {
				names[e.folder] = map[string]fileID{}
			}
			names[e.folder][e.name] = e.file
		}
	}
	return j.build(&c, names, fileID{}, to)
}

// kept are the changes of names that a cut keeps.
func (j *Journal) kept(c *Cut) (list []nameChange) {
	horizon := map[fileID]int{} // up to where the changes of a folder are kept, or of all
	until := func(folder fileID) int {
		if c.Model == InOrder {
			folder = fileID{}
		}
		if _, known := horizon[folder]; !known {
			horizon[folder] = int(c.Keep * float64(c.At))
			if c.Keep > 0 && c.Keep < 1 {
				horizon[folder] = c.At - int(c.Random.ExpFloat64()*20*(1-c.Keep))
			}
		}
		return horizon[folder]
	}
	synced := 0 // names before a sync, in order
	for _, s := range j.syncs {
		if s.done < c.At {
			synced = max(synced, s.entered)
		}
	}
	for _, n := range j.changes {
		keep := n.done < c.At
		switch c.Model {
		case InOrder:
			keep = keep && (n.done < synced || n.done < until(fileID{}))
		case EachFolder:
			inAll := true
			for _, e := range n.entries {
				inAll = inAll && n.done < until(e.folder)
			}
			keep = n.synced < c.At || keep && inAll
		default:
			keep = c.keeps(n.done, n.synced)
		}
		if keep {
			list = append(list, n)
		}
	}
	return list
}

// build makes a folder with what is in it.
func (j *Journal) build(c *Cut, names map[fileID]map[string]fileID, id fileID, at string) error {
	if err := os.MkdirAll(at, 0o700); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(names[id])) { // sorted, so that a seed repeats it
		child := names[id][name]
		path := filepath.Join(at, name)
		var err error
		switch f := j.files[child]; {
		case child == fileID{}: // the name is gone
		case f.kind == folder:
			err = j.build(c, names, child, path)
		case f.kind == link:
			err = os.Symlink(f.target, path)
		default:
			err = os.WriteFile(path, j.content(c, child), 0o600)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sector is what a disk writes as a whole.
const sector = 512

// content is what a file holds after a cut.
func (j *Journal) content(c *Cut, id fileID) (content []byte) {
	for _, i := range j.of[id] {
		w := j.writes[i]
		data := w.data
		if !c.keeps(w.entered, w.synced) { // a write that was under way may be there too
			if w.entered >= c.At || w.data == nil || c.Random.Float64() >= c.Keep {
				continue
			}
			data = data[:min(len(data), sector*c.Random.IntN(1+len(data)/sector))]
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
