package faultfs

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// must fails the test for an error of what prepares it.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func create(t *testing.T, path, text string) *os.File {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	must(t, err)
	t.Cleanup(func() { f.Close() })
	_, err = f.WriteString(text)
	must(t, err)
	return f
}

func syncFolder(t *testing.T, path string) {
	t.Helper()
	f, err := os.Open(path)
	must(t, err)
	defer f.Close()
	must(t, f.Sync())
}

func TestAChosenCallFails(t *testing.T) {
	d := Mount(t)
	path := filepath.Join(d.Folder, "a")
	f := create(t, path, "one")
	fail := func(call Call, fault Fault) {
		d.Answer(func(op Operation) Fault {
			if op.Call == call && strings.HasPrefix(op.Path, "a") {
				return fault
			}
			return Fault{}
		})
	}
	fail(Write, Fault{Err: syscall.ENOSPC})
	if _, err := f.WriteAt([]byte("two"), 0); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("a write: %v", err)
	}
	fail(Write, Fault{Err: syscall.EIO, Half: true})
	if _, err := f.WriteAt([]byte("TWOS"), 0); !errors.Is(err, syscall.EIO) {
		t.Errorf("a write of which half is done: %v", err)
	}
	if text, err := os.ReadFile(filepath.Join(d.Behind, "a")); err != nil || string(text) != "TWe" {
		t.Errorf("half a write leaves %q, %v", text, err)
	}
	fail(Sync, Fault{Err: syscall.EIO})
	if err := f.Sync(); !errors.Is(err, syscall.EIO) {
		t.Errorf("a sync: %v", err)
	}
	fail(Rename, Fault{Err: syscall.EROFS}) // by the name that the file gets
	if err := os.Rename(path, filepath.Join(d.Folder, "ab")); !errors.Is(err, syscall.EROFS) {
		t.Errorf("a rename: %v", err)
	}
	fail(Open, Fault{Err: syscall.EMFILE})
	if _, err := os.Open(path); !errors.Is(err, syscall.EMFILE) {
		t.Errorf("an open: %v", err)
	}
	fail(Create, Fault{Err: syscall.EDQUOT})
	if _, err := os.Create(filepath.Join(d.Folder, "a2")); !errors.Is(err, syscall.EDQUOT) {
		t.Errorf("a new file: %v", err)
	}
	fail(Sync, Fault{Delay: 30 * time.Millisecond})
	if began := time.Now(); f.Sync() != nil || time.Since(began) < 30*time.Millisecond {
		t.Errorf("a late sync took %v", time.Since(began))
	}
}

func TestAFailedSyncLosesWhatWasWrittenSinceTheLast(t *testing.T) {
	d := Mount(t)
	f := create(t, filepath.Join(d.Folder, "a"), "one")
	must(t, f.Sync())
	for i, text := range []string{"two", "three"} {
		_, err := f.WriteAt([]byte(text), int64(i)*2)
		must(t, err)
	}
	d.Answer(func(Operation) Fault { return Fault{Err: syscall.EIO, Lose: true} })
	if err := f.Sync(); !errors.Is(err, syscall.EIO) {
		t.Errorf("the sync: %v", err)
	}
	if text, err := os.ReadFile(filepath.Join(d.Behind, "a")); err != nil || string(text) != "one" {
		t.Errorf("there is %q, %v", text, err)
	}
}

// tree is what a folder has: files with their content, folders with a slash, links with
// where they point.
func tree(t *testing.T, root string) (text string) {
	t.Helper()
	must(t, filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		name, _ := filepath.Rel(root, path)
		switch {
		case err != nil || name == ".":
		case e.IsDir():
			text += name + "/ "
		case e.Type()&fs.ModeSymlink != 0:
			target, _ := os.Readlink(path)
			text += name + ">" + target + " "
		default:
			content, _ := os.ReadFile(path)
			text += name + "=" + string(content) + " "
		}
		return err
	}))
	return strings.TrimSpace(text)
}

func TestACutKeepsWhatWasSynced(t *testing.T) {
	d := Mount(t)
	j := d.Record()
	moments := map[string]int{}
	moment := func(name string) { moments[name] = j.Moments() }
	folder := filepath.Join(d.Folder, "s")
	moment("nothing")
	must(t, os.Mkdir(folder, 0o700))
	f := create(t, filepath.Join(folder, "a"), "one")
	must(t, f.Sync())
	moment("no name")
	syncFolder(t, folder)
	syncFolder(t, d.Folder)
	moment("one")
	_, err := f.WriteAt([]byte("two"), 3)
	must(t, err)
	must(t, os.Symlink("a", filepath.Join(folder, "l")))
	moment("two")
	must(t, os.Rename(filepath.Join(folder, "a"), filepath.Join(folder, "b")))
	must(t, f.Sync())
	moment("renamed")
	syncFolder(t, folder)
	must(t, os.Remove(filepath.Join(folder, "b")))
	moment("removed")
	for _, c := range []struct {
		at    string
		keep  float64
		model Model
		want  string
	}{
		{"nothing", 1, EachName, ""},
		{"no name", 0, EachName, ""},
		{"no name", 0, EachFolder, ""},
		{"no name", 0, InOrder, "s/ s/a=one"},
		{"no name", 1, EachName, "s/ s/a=one"},
		{"one", 0, EachName, "s/ s/a=one"},
		{"two", 0, EachName, "s/ s/a=one"},
		{"two", 1, EachFolder, "s/ s/a=onetwo s/l>a"},
		{"renamed", 0, EachName, "s/ s/a=onetwo"},
		{"renamed", 0, InOrder, "s/ s/b=onetwo s/l>a"},
		{"removed", 0, EachFolder, "s/ s/b=onetwo s/l>a"},
		{"removed", 1, EachFolder, "s/ s/l>a"},
	} {
		to := filepath.Join(t.TempDir(), "after")
		must(t, j.After(Cut{At: moments[c.at], Keep: c.keep, Model: c.model, Random: rand.New(rand.NewPCG(1, 1))}, to))
		if got := tree(t, to); got != c.want {
			t.Errorf("a cut at %q that keeps %v by model %d leaves %q, want %q", c.at, c.keep, c.model, got, c.want)
		}
	}
}
