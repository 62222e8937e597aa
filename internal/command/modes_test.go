package command

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"winnow/internal/apptest"
	"winnow/segments/destination/sftp/sftptest"
)

// A scratch file has no name when somebody could look at its mode, so it is not here:
// os.CreateTemp makes it for its owner alone.
func TestFilesAreForWhomTheyAreMeantUnderAnyUmask(t *testing.T) {
	server := sftptest.Serve(t)
	for _, umask := range []string{"000", "022", "077"} {
		t.Run(umask, func(t *testing.T) {
			config, _ := configWithServer(t, server, "1h")
			folder := filepath.Dir(config)
			apptest.Edit(t, config, "\nsources:", "\nstore: sqlite://state/winnow.db\nsources:",
				"to: [./exports", "delta: [do-not-text], to: [./exports", "admin: {listen: \"127.0.0.1:0\", token: "+apptest.AdminToken+"}", "admin: {listen: \"127.0.0.1:0\"}")
			under := func(args ...string) []string {
				return append([]string{"sh", "-c", "umask " + umask + `; exec "$0" "$@"`, os.Args[0]}, args...)
			}
			d := startDaemonBy(t, "serve", under("serve", "-c", config)...)
			if status := d.post(t, "m1"); status != 200 {
				t.Errorf("a callback is answered %d", status)
			}
			for _, args := range [][]string{{"export", "nightly"}, {"suppress", "crm-m1", "--reason", "opted_out"}, {"import", "events", os.DevNull}} {
				command := under(append(args, "-c", config)...)
				c := exec.Command(command[0], command[1:]...)
				c.Env = append(os.Environ(), "WINNOW_TEST_DAEMON=serve")
				if out, err := c.CombinedOutput(); err != nil {
					t.Fatalf("winnow %s: %v\n%s", args[0], err, out)
				}
			}
			found := checkModes(t, folder)
			d.terminate(t)
			checkModes(t, folder)
			for _, name := range []string{"winnow.db", "winnow.db-wal", "winnow.db-shm", "winnow-events.db-wal", "winnow.db.jobs", "winnow.db.run", "winnow.db.log",
				"winnow-members/", "winnow-outbox/nightly/", "winnow-admin.token", "exports/nightly/"} {
				if !strings.Contains(found, name) {
					t.Errorf("there is no %s: its mode is not known; there are\n%s", name, found)
				}
			}
		})
	}
}

// checkModes checks the modes of all that winnow made in a folder, and lists it.
func checkModes(t *testing.T, folder string) string {
	t.Helper()
	var found strings.Builder
	err := filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(folder, path)
		info, err := e.Info()
		if err != nil || path == folder || name == "winnow.yaml" || e.Type() == fs.ModeSymlink {
			return err
		}
		want := fs.FileMode(0o600)
		if strings.HasPrefix(name, "exports") {
			want = 0o640
		}
		if e.IsDir() {
			want |= want >> 2 & 0o110
			name += "/"
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has the mode %04o, want %04o", name, got, want)
		}
		fmt.Fprintln(&found, name)
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	return found.String()
}
