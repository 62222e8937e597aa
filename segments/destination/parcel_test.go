package destination

import (
	"encoding/json"
	"errors"
	"io/fs"
	"path/filepath"
	"testing"
	"testing/fstest"

	"winnow/segments"
	"winnow/segments/destination/sftptest"
)

func TestARunThatIsNotAsItsManifestSaysIsNotDelivered(t *testing.T) {
	s := sftptest.Serve(t)
	to := folderOn(t, s)
	good := deliveryAt(t, 1, 3)
	for want, spoil := range map[string]func(fstest.MapFS){
		"all.csv here is not what the run's manifest tells of": func(m fstest.MapFS) { m["all.csv"].Data[9] ^= 1 },
		"it has 5 with":                 func(m fstest.MapFS) { m["all.csv"].Data = m["all.csv"].Data[:5] },
		"same.csv of the run here":      func(m fstest.MapFS) { delete(m, "same.csv") },
		"manifest.json of the run here": func(m fstest.MapFS) { delete(m, segments.ManifestName) },
		"is damaged":                    func(m fstest.MapFS) { m[segments.ManifestName].Data = m[segments.ManifestName].Data[:40] },
		`names a file "../../evil.csv"`: func(m fstest.MapFS) { rename(t, m, "../../evil.csv") },
		`names a file "manifest.json"`:  func(m fstest.MapFS) { rename(t, m, segments.ManifestName) },
		`names a file "same.csv"`:       func(m fstest.MapFS) { rename(t, m, "same.csv") },
	} {
		d := good
		d.From = copyOf(t, good.From)
		spoil(d.From.(fstest.MapFS))
		mustFail(t, to, d, want)
	}
	if matches, _ := filepath.Glob(inDrop(s, "*")); len(matches) > 0 {
		t.Errorf("the server has %v", matches)
	}
	other := good
	other.Run = runAt(2)
	mustFail(t, to, other, "is that of nightly/"+runAt(1))
	for _, bad := range []segments.Delivery{{Export: "..", Run: runAt(1)}, {Export: "nightly", Run: "../x"}, {Export: "nightly", Run: runAt(1)}} {
		bad.From = good.From
		if err := to.Deliver(t.Context(), bad); err == nil {
			t.Errorf("%+v was delivered", bad)
		}
	}
}

func copyOf(t *testing.T, from fs.FS) fstest.MapFS {
	t.Helper()
	m := fstest.MapFS{}
	err := fs.WalkDir(from, ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := fs.ReadFile(from, path)
		m[path] = &fstest.MapFile{Data: b}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
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

func TestADeliveryTellsHowMuchIsOnItsWay(t *testing.T) {
	d := deliveryAt(t, 1, 5000)
	want := int64(0)
	m, err := readManifest(d)
	for _, f := range m.Files {
		want += f.Bytes
	}
	for _, to := range []segments.Remote{folderOn(t, sftptest.Serve(t)), Directory(t.TempDir())} {
		told, calls := int64(0), 0
		d.Progress = func(bytes int64) { told, calls = told+bytes, calls+1 }
		if err := errors.Join(err, to.Deliver(t.Context(), d)); err != nil || told != want || calls < 5 {
			t.Errorf("%s: told of %d bytes in %d parts, %v; %d were sent", to, told, calls, err, want)
		}
	}
}

func readManifest(d segments.Delivery) (m manifest, err error) {
	text, err := fs.ReadFile(d.From, segments.ManifestName)
	return m, errors.Join(err, json.Unmarshal(text, &m))
}
