package command

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"winnow/internal/apptest"
)

func TestADaemonWhoseStoreIsRemovedOrMovedAnswersNoCallbackWith200(t *testing.T) {
	move := func(t *testing.T, from, to string) {
		t.Helper()
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	for name, remove := range map[string]func(t *testing.T, folder string) (restore func()){
		"the log is removed": func(t *testing.T, folder string) func() {
			// A hard link keeps the file, to be able to put it back.
			log := filepath.Join(folder, "winnow-events.db")
			if err := os.Link(log, log+".kept"); err != nil {
				t.Fatal(err)
			}
			if err := os.Remove(log); err != nil {
				t.Fatal(err)
			}
			return func() { move(t, log+".kept", log) }
		},
		"the write-ahead log is moved": func(t *testing.T, folder string) func() {
			log := filepath.Join(folder, "winnow-events.db-wal")
			move(t, log, log+".old")
			return func() { move(t, log+".old", log) }
		},
		"the contacts are moved": func(t *testing.T, folder string) func() {
			contacts := filepath.Join(folder, "winnow.db")
			move(t, contacts, contacts+".old")
			return func() { move(t, contacts+".old", contacts) }
		},
		"the folder is moved": func(t *testing.T, folder string) func() {
			move(t, folder, folder+".old")
			return func() { move(t, folder+".old", folder) }
		},
		"another folder is in its place": func(t *testing.T, folder string) func() {
			move(t, folder, folder+".old")
			if err := os.Mkdir(folder, 0o700); err != nil {
				t.Fatal(err)
			}
			other := filepath.Join(folder, "winnow-events.db")
			for _, file := range []string{other, other + "-wal", filepath.Join(folder, "winnow.db"), filepath.Join(folder, "winnow.db-wal")} {
				if err := os.WriteFile(file, nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			return func() {
				if err := os.RemoveAll(folder); err != nil {
					t.Fatal(err)
				}
				move(t, folder+".old", folder)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			config := apptest.Config(t, folder, "1h")
			apptest.Edit(t, config, "\nsources:", "\nstore: sqlite://state/winnow.db\nsources:")
			d := startDaemon(t, "serve", config)
			defer d.terminate(t)
			health := strings.TrimSuffix(d.url, "callbacks/"+apptest.Token) + "healthz"
			if status := d.post(t, "m1"); status != 200 {
				t.Fatalf("a callback is answered %d", status)
			}
			restore := remove(t, filepath.Join(folder, "state"))
			if status, _ := get(t, health); status != 503 {
				t.Errorf("/healthz is %d", status)
			}
			apptest.Eventually(t, "the log says so", func() bool { return strings.Contains(d.log(), "the store has gone") })
			if name != "the contacts are moved" {
				if status := d.post(t, "m2"); status != 503 {
					t.Errorf("a callback is answered %d", status)
				}
			}
			restore()
			apptest.Eventually(t, "the log says that it is back", func() bool { return strings.Contains(d.log(), "the store is back") })
			if status := d.post(t, "m3"); status != 200 {
				t.Errorf("with the store back in its place a callback is answered %d", status)
			}
			if status, _ := get(t, health); status != 200 {
				t.Errorf("with the store back in its place /healthz is %d", status)
			}
		})
	}
}

func TestAStoreThatWasThereIsNotBegunAnewUnlessAsked(t *testing.T) {
	folder := t.TempDir()
	config := apptest.Config(t, folder, "1h")
	run := func(args ...string) (int, string) {
		var out bytes.Buffer
		return Main(append(args, "-c", config), Process{Stdout: &out, Stderr: &out, Stdin: strings.NewReader("contact\nann\n")}), out.String()
	}
	refused := func(what, names string) {
		t.Helper()
		for _, args := range [][]string{{"serve"}, {"sweep"}, {"import", "contacts", "-", "--apply"}} {
			if status, text := run(args...); status != exitFailed || !strings.Contains(text, names) || !strings.Contains(text, "winnow serve --new") {
				t.Errorf("%s: winnow %s exits with %d, %s", what, args[0], status, text)
			}
		}
	}
	rename := func(from, to string) {
		t.Helper()
		if err := os.Rename(filepath.Join(folder, from), filepath.Join(folder, to)); err != nil {
			t.Fatal(err)
		}
	}
	d := startDaemon(t, "serve", config)
	if status := d.post(t, "m1"); status != 200 {
		t.Fatal(status)
	}
	d.terminate(t)
	if status, text := run("export", "nightly"); status != exitOK {
		t.Fatal(text)
	}

	rename("winnow.db", "kept.db")
	if err := os.WriteFile(filepath.Join(folder, "winnow.db"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	refused("with an empty file in the place of the contacts", "winnow-events.db")
	if status, text := run("status"); status != exitFailed || !strings.Contains(text, "there is no store yet") {
		t.Errorf("status of an empty file exits with %d, %s", status, text)
	}
	if info, err := os.Stat(filepath.Join(folder, "winnow.db")); err != nil || info.Size() != 0 {
		t.Errorf("the empty file was written to: %v, %v", info, err)
	}
	rename("kept.db", "winnow.db")

	rename("winnow-events.db", "kept-events.db")
	refused("without the log", "winnow-events.db")
	d = startDaemonBy(t, "serve", os.Args[0], "serve", "--new", "-c", config)
	if status := d.post(t, "m2"); status != 200 {
		t.Fatal(status)
	}
	d.terminate(t)
	if status, text := run("sweep"); status != exitOK || !strings.Contains(text, "swept 1 event:") {
		t.Errorf("the sweep skips what came into the new log: %s", text)
	}

	rename("winnow.db", "kept.db")
	refused("without the contacts", "winnow-events.db")
	rename("winnow-events.db", "kept-events-2.db")
	refused("without the store", "winnow.db.jobs")
	rename("winnow.db.jobs", "kept.jobs")
	refused("with members", "winnow-members")
	rename("winnow-members", "kept-members")
	refused("with exports", filepath.Join("exports", "nightly", "latest"))
	for _, file := range []string{"winnow.db", "winnow-events.db"} {
		if _, err := os.Stat(filepath.Join(folder, file)); err == nil {
			t.Errorf("%s was made", file)
		}
	}
	startDaemonBy(t, "serve", os.Args[0], "serve", "--new", "-c", config).terminate(t)
	startDaemon(t, "serve", config).terminate(t)
}
