package local

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"winnow/segments"
)

// recordSteps records all changes of the file system that do makes, in order.
func recordSteps(t *testing.T, do func()) (steps []string) {
	t.Helper()
	beforeStep = func(step string) { steps = append(steps, step) }
	defer func() { beforeStep = func(string) {} }()
	do()
	return steps
}

// A power cut may undo a rename that was not synced, and keep what came after it. So
// the folders on both sides are synced before a file of a run is removed.
func TestARunLosesItsNameForGoodBeforeItsFiles(t *testing.T) {
	d := Folder(t.TempDir())
	steps := recordSteps(t, func() {
		for _, a := range life {
			if err := a.do(d); err != nil {
				t.Fatal(err)
			}
		}
		publish(t, d, 5, 1, 3)
	})
	removed := map[string]bool{}
	for i, step := range steps {
		from, is := strings.CutPrefix(step, "rename old run ")
		if !is {
			continue
		}
		end := slices.Index(steps[i:], "remove old run "+path.Base(from))
		if end < 0 {
			t.Fatalf("nothing removes the run that was %s", from)
		}
		folders := []string{"sync folder " + pathIn(d)}
		if parent := path.Dir(from); parent != "." {
			folders = append(folders, "sync folder "+pathIn(d, parent))
		}
		for _, folder := range folders {
			if !slices.Contains(steps[i:i+end], folder) {
				t.Errorf("between the rename of %s and its removal there is no %q: %q", from, folder, steps[i:i+end])
			}
		}
		removed[path.Dir(from)] = true
	}
	if !removed["."] || !removed["held"] {
		t.Errorf("runs were removed in %v: this proved too little", removed)
	}
}

// A released run is in no power cut both held and published.
func TestAReleaseIsSyncedInBothFolders(t *testing.T) {
	d := Folder(t.TempDir())
	if err := making(1, 3, true)(d); err != nil {
		t.Fatal(err)
	}
	steps := recordSteps(t, func() {
		if err := d.Release("nightly", runAt(1)); err != nil {
			t.Fatal(err)
		}
	})
	i, link := slices.Index(steps, "rename held run"), slices.Index(steps, "make link")
	for _, folder := range []string{pathIn(d), filepath.Join(pathIn(d), "held")} {
		if i < 0 || link < i || !slices.Contains(steps[i:link], "sync folder "+folder) {
			t.Errorf("between the rename and latest there is no sync of %s: %q", folder, steps)
		}
	}
}

// A file is synced before the folder of its run, and that before the run has its name.
func TestARunIsOnDiskBeforeItHasItsName(t *testing.T) {
	d := Folder(t.TempDir())
	steps := recordSteps(t, func() { publish(t, d, 1, 9, contacts(3)) })
	var order []int
	for _, step := range []string{"sync all.csv", "sync " + segments.ManifestName, "sync folder " + pathIn(d, ".winnow-draft-"+runAt(1)), "rename draft", "swap latest"} {
		order = append(order, slices.Index(steps, step))
	}
	if slices.Contains(order, -1) || !slices.IsSorted(order) {
		t.Errorf("the steps are at %v of %s", order, fmt.Sprintf("%q", steps))
	}
}
