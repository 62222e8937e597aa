package sftp

import (
	"encoding/json"
	"io/fs"
	"path/filepath"
	"testing"
	"testing/fstest"

	"winnow/segments"
	"winnow/segments/destination/destinationtest"
	"winnow/segments/destination/sftp/sftptest"
)

func TestARunThatIsNotAsItsManifestSaysIsNotDelivered(t *testing.T) {
	s := sftptest.Serve(t)
	to := folderOn(t, s)
	for want, spoil := range map[string]func(fstest.MapFS){
		"local file all.csv does not match the run's manifest": func(m fstest.MapFS) { m["all.csv"].Data[9] ^= 1 },
		"it has 5 with":                  func(m fstest.MapFS) { m["all.csv"].Data = m["all.csv"].Data[:5] },
		"same.csv of the local run":      func(m fstest.MapFS) { delete(m, "same.csv") },
		"manifest.json of the local run": func(m fstest.MapFS) { delete(m, segments.ManifestName) },
		"is damaged":                     func(m fstest.MapFS) { m[segments.ManifestName].Data = m[segments.ManifestName].Data[:40] },
		`names a file "../../evil.csv"`:  func(m fstest.MapFS) { rename(t, m, "../../evil.csv") },
		`names a file "manifest.json"`:   func(m fstest.MapFS) { rename(t, m, segments.ManifestName) },
		`names a file "same.csv"`:        func(m fstest.MapFS) { rename(t, m, "same.csv") },
	} {
		files := destinationtest.Files(t, 1, 3)
		spoil(files)
		wantRefused(t, to, files, runAt(1), want)
	}
	if matches, _ := filepath.Glob(inDrop(s, "*")); len(matches) > 0 {
		t.Errorf("the server has %v", matches)
	}
	good := destinationtest.Files(t, 1, 3)
	wantRefused(t, to, good, runAt(2), "is that of nightly/"+runAt(1))
	for _, bad := range [][2]string{{"..", runAt(1)}, {"nightly", "../x"}} {
		if _, err := segments.OpenBundle(good, bad[0], bad[1]); err == nil {
			t.Errorf("%q was opened", bad)
		}
	}
	keepsNone := destinationtest.DeliveryOf(t, good, 1)
	keepsNone.Keep = 0
	mustFail(t, to, keepsNone, "at least 1 must be kept")
}

// wantRefused wants the run not to be delivered: either it can't be opened, or its
// delivery fails.
func wantRefused(t *testing.T, to Folder, files fs.FS, run, want string) {
	t.Helper()
	b, err := segments.OpenBundle(files, "nightly", run)
	if err == nil {
		err = to.Deliver(t.Context(), segments.Delivery{Bundle: b, Newest: true, Keep: 9})
	}
	wantError(t, err, want)
}

// rename gives the first file of the manifest another name.
func rename(t *testing.T, m fstest.MapFS, name string) {
	t.Helper()
	var text segments.Manifest
	if err := json.Unmarshal(m[segments.ManifestName].Data, &text); err != nil {
		t.Fatal(err)
	}
	text.Files[0].Name = name
	b, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	m[segments.ManifestName].Data = b
}

func TestAnSFTPFolderKeepsThePromisesOfADestination(t *testing.T) {
	destinationtest.Run(t, func(t *testing.T) (segments.Destination, string) {
		s := sftptest.Serve(t)
		return folderOn(t, s), filepath.Join(s.Root, "in")
	})
}
