package command

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"winnow/internal/apptest"
	"winnow/store/storetest"
)

// userVariable is the environment variable by which a process of these tests, started
// by root, becomes another user.
const userVariable = "WINNOW_TEST_UID"

func becomeUser() {
	if text := os.Getenv(userVariable); text != "" {
		uid, err := strconv.Atoi(text)
		if err == nil {
			err = syscall.Setuid(uid)
		}
		if err != nil {
			panic(err)
		}
	}
}

// withoutName is the id of a user that has no name.
const withoutName = 412345

// folderOf makes a folder of another user, and a config in it.
func folderOf(t *testing.T, uid int) (folder, config string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can type commands as root")
	}
	folder, err := os.MkdirTemp("", "winnow-owner-") // t.TempDir lets nobody else in
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	config = apptest.Config(t, folder, "1h")
	for _, path := range []string{folder, config} {
		if err := os.Chown(path, uid, -1); err != nil {
			t.Fatal(err)
		}
	}
	return folder, config
}

// ownersIn lists the files in a folder with their owners.
func ownersIn(t *testing.T, folder string) map[string]int {
	t.Helper()
	owners := map[string]int{}
	err := filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err == nil {
			owners[path] = int(info.Sys().(*syscall.Stat_t).Uid)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return owners
}

// The commands that only look, and those that write, with a contact and a run that
// need not be there.
var (
	looking = [][]string{{"status"}, {"explain", "crm-m1"}, {"report"}, {"policy"}, {"quarantine"}, {"unmatched"}, {"silent"}, {"regret"}, {"breaker"}, {"pin"}, {"list"},
		{"list", "show", "staff"}, {"undo", "--list"}, {"undo", "--since", "2026-01-01T00:00:00Z", "--until", "2026-01-02T00:00:00Z"}, {"plan"}, {"plan", "--backtest", "90d"}, {"retain", "--dry-run"},
		{"rejudge"}, {"reclassify"}, {"quarantine", "retry"}, {"schedule"}, {"doctor"}, {"check"}, {"source"}, {"source", "show", "insider"}, {"source", "try", "-"}, {"health"}, {"scrub", "-", "--column", "contact"}, {"release", "nightly", "--show"}, {"import", "contacts", "-"}, {"import", "suppressions", "-"}, {"merge", "ann", "--into", "bob"}, {"forget", "ann", "--dry-run"}, {"hold", "--list"}, {"export-person", "crm-m1"}, {"simulate", "--live"}}
	writings = [][]string{{"sweep"}, {"review"}, {"retain"}, {"export", "nightly"}, {"suppress", "ann", "--reason", "opted_out"}, {"allow", "ann"}, {"serve"}, {"rejudge", "--apply"}, {"reclassify", "--apply"}, {"quarantine", "retry", "--apply"}, {"source", "confirm"},
		{"undo", "--since", "2026-01-01T00:00:00Z", "--until", "2026-01-02T00:00:00Z", "--apply"}, {"release", "nightly"}, {"pin", "reachable", "ann", "--in"}, {"list", "add", "staff", "-"},
		{"restore", "backups"}, {"migrate", "--to", "postgres://db/winnow"}, {"import", "events", "-"}, {"import", "messages", "-"}, {"import", "contacts", "-", "--apply"}, {"import", "suppressions", "-", "--apply"}, {"reconcile", "-", "--apply"}, {"merge", "ann", "--into", "bob", "--apply"}, {"forget", "ann"}, {"hold", "ann", "--note", "claim"}}
)

func TestACommandTypedAsRootHarmsNoStoreOfAnotherUser(t *testing.T) {
	storetest.Sequential(t)
	folder, config := folderOf(t, withoutName)
	typed := func(args []string) (int, string) {
		var out bytes.Buffer
		p := Process{Stdin: strings.NewReader("contact,reason\nann,opted_out\n"), Stdout: &out, Stderr: &out, Version: "test"}
		return Main(append(args, "-c", config), p), out.String()
	}
	look := func(when string) {
		t.Helper()
		before := ownersIn(t, folder)
		for _, args := range looking {
			if status, text := typed(args); status == exitUsage {
				t.Fatalf("winnow %s is not a command: %s", strings.Join(args, " "), text)
			}
			for path, uid := range ownersIn(t, folder) {
				if _, there := before[path]; !there || uid != withoutName {
					t.Fatalf("%s: winnow %s made %s of user %d", when, strings.Join(args, " "), path, uid)
				}
			}
		}
	}
	refuse := func(when string) {
		t.Helper()
		before := fmt.Sprint(ownersIn(t, folder))
		for _, args := range writings {
			want := fmt.Sprintf("sudo -u '#%d' winnow %s", withoutName, strings.Join(args, " "))
			if status, text := typed(args); status != exitFailed || !strings.Contains(text, want) {
				t.Errorf("%s: winnow %s exits with %d and does not say %q: %s", when, strings.Join(args, " "), status, want, text)
			}
			if after := fmt.Sprint(ownersIn(t, folder)); after != before {
				t.Fatalf("%s: winnow %s made files:\n%s", when, strings.Join(args, " "), after)
			}
		}
	}
	look("before the first start")
	refuse("before the first start")

	start := func() *daemonProcess {
		t.Setenv(userVariable, strconv.Itoa(withoutName))
		defer os.Unsetenv(userVariable)
		return startDaemon(t, "serve", config)
	}
	d := start()
	if status := d.post(t, "m1"); status != 200 {
		t.Fatalf("a callback is answered %d", status)
	}
	look("beside the daemon")
	refuse("beside the daemon")
	d.terminate(t)
	look("after the daemon")
	refuse("after the daemon")
	if status, text := typed([]string{"status"}); status != exitOK || !strings.Contains(text, "events") {
		t.Errorf("the status exits with %d: %s", status, text)
	}
	d = start()
	defer d.terminate(t)
	if status := d.post(t, "m2"); status != 200 {
		t.Errorf("after root looked, a callback is answered %d", status)
	}
}

// A volume may give its files to a group, whatever the user of the container.
func TestADaemonServesAStoreThatIsSharedWithItsUser(t *testing.T) {
	folder, config := folderOf(t, withoutName)
	as := func(uid int, mode string, args ...string) *daemonProcess {
		t.Setenv(userVariable, strconv.Itoa(uid))
		defer os.Unsetenv(userVariable)
		return startDaemonBy(t, mode, append([]string{os.Args[0]}, args...)...)
	}
	d := as(withoutName, "serve", "serve", "-c", config)
	if status := d.post(t, "m1"); status != 200 {
		t.Fatalf("a callback is answered %d", status)
	}
	d.terminate(t)
	for path := range ownersIn(t, folder) {
		info, err := os.Stat(path)
		if err == nil {
			err = os.Chmod(path, info.Mode()|info.Mode()>>3&0o70)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	d = as(withoutName+1, "serve", "serve", "-c", config)
	defer d.terminate(t)
	if status := d.post(t, "m2"); status != 200 {
		t.Errorf("a callback is answered %d", status)
	}
}

func TestTheOwnerOfAStoreIsNamed(t *testing.T) {
	const uid = 1
	u, err := user.LookupId(strconv.Itoa(uid))
	if err != nil {
		t.Skip(err)
	}
	_, config := folderOf(t, uid)
	_, errs, status := runWinnow("sweep", "-c", config)
	if want := "sudo -u " + u.Username + " winnow sweep -c " + config; status != exitFailed || !strings.Contains(errs, want) {
		t.Errorf("it exits with %d and does not say %q: %s", status, want, errs)
	}
}

func TestACommandThatOnlyLooksMakesNoFile(t *testing.T) {
	folder := t.TempDir()
	config := apptest.Config(t, folder, "1h")
	for _, args := range looking {
		var out bytes.Buffer
		status := Main(append(args, "-c", config), Process{Stdin: strings.NewReader("contact,reason\nann,opted_out\n"), Stdout: &out, Stderr: &out, Version: "test"})
		if made, err := os.ReadDir(folder); err != nil || len(made) != 1 {
			t.Fatalf("winnow %s made %v, %v", strings.Join(args, " "), made, err)
		}
		preview := args[0] == "import"
		if preview && (status != exitOK || !strings.Contains(out.String(), "--apply")) {
			t.Errorf("the preview of an import into a store that is not there exits with %d: %s", status, out.String())
		}
	}
}
