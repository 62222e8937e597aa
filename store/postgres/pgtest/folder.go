package pgtest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// errNotInstalled is the error of a machine that has no PostgreSQL.
var errNotInstalled = errors.New("no PostgreSQL is installed here; on Debian: apt-get install postgresql")

// programs is the folder of PostgreSQL's programs, of the latest version where there
// are several.
var programs = sync.OnceValues(func() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if len(found) > 0 {
		return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })), nil
	}
	if path, err := exec.LookPath("postgres"); err == nil {
		return filepath.Dir(path), nil
	}
	return "", errNotInstalled
})

// version is the version in a path of Debian's.
func version(path string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
	return n
}

// run runs one of the programs to its end. Its error has what the program wrote.
func run(name string, args ...string) error { return runReading("", name, args...) }

// runReading is run of a program that reads a text.
func runReading(text, name string, args ...string) error {
	in, err := programs()
	if err != nil {
		return err
	}
	return execute(text, filepath.Join(in, name), args...)
}

// execute runs a program that reads a text to its end.
func execute(text, name string, args ...string) error {
	cmd, err := command(name, args...)
	if err != nil {
		return err
	}
	// A file, as what the program leaves running would keep a pipe open.
	written, err := os.CreateTemp("", "winnow-postgres-")
	if err != nil {
		return err
	}
	defer os.Remove(written.Name())
	defer written.Close()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(text), written, written
	if err := cmd.Run(); err != nil {
		output, _ := io.ReadAll(io.NewSectionReader(written, 0, 1<<16))
		return fmt.Errorf("%s: %w: %s", name, err, output)
	}
	return nil
}

// command is a command of a session of its own, so that an interrupt from the terminal
// does not end it. Root runs it as another user.
func command(path string, args ...string) (*exec.Cmd, error) {
	cmd := exec.Command(path, args...)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if os.Geteuid() == 0 {
		as, err := unprivileged()
		if err != nil {
			return nil, err
		}
		cmd.SysProcAttr.Credential = as
	}
	return cmd, nil
}

// unprivileged is the user as which root runs PostgreSQL.
var unprivileged = sync.OnceValues(func() (*syscall.Credential, error) {
	of, err := user.Lookup("postgres")
	if err != nil {
		of, err = user.Lookup("nobody")
	}
	if err != nil {
		return nil, fmt.Errorf("root may not run PostgreSQL, and there is neither a user postgres nor nobody: %w", err)
	}
	uid, err1 := strconv.ParseUint(of.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(of.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(err1, err2)
})

// enoughMemory is how much a folder in memory must hold, in bytes.
const enoughMemory = 2 << 30

// parent is where folders of clusters are: in memory where that has room, as the path
// of a socket must be short. TMPDIR may be long, and may go before the clusters do.
func parent() string {
	var room syscall.Statfs_t
	if err := syscall.Statfs("/dev/shm", &room); err == nil && room.Bavail*uint64(room.Bsize) >= enoughMemory {
		return "/dev/shm"
	}
	return "/tmp"
}

// janitor stops the servers of the clusters in the folder that it is given, when its
// input ends, and removes the folder.
const janitor = `cat
for data in "$1"/*/data; do
	"$0" stop --pgdata="$data" --mode=immediate --silent
done
rm -rf "$1"`

// home is the folder of all clusters of this process.
type home struct {
	folder string
	alive  io.Closer // closed by the end of this process, however it comes
}

// newHome makes the folder, which belongs to the user that runs the clusters, and has
// the janitor wait at the other end of a pipe until this process ends.
var newHome = sync.OnceValues(func() (*home, error) {
	in, err := programs()
	if err != nil {
		return nil, err
	}
	folder, err := makeFolder(parent())
	if err != nil {
		return nil, err
	}
	cmd, err := command("/bin/sh", "-c", janitor, filepath.Join(in, "pg_ctl"), folder)
	if err != nil {
		return nil, err
	}
	alive, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	return &home{folder, alive}, cmd.Start()
})

// newFolder is a new folder for a cluster.
func newFolder() (string, error) {
	h, err := newHome()
	if err != nil {
		return "", err
	}
	return makeFolder(h.folder)
}

// makeFolder makes a folder for the user that runs the clusters.
func makeFolder(in string) (string, error) {
	name, err := os.MkdirTemp(in, "winnow-pg-")
	if err != nil || os.Geteuid() != 0 {
		return name, err
	}
	as, err := unprivileged()
	if err != nil {
		return "", err
	}
	return name, os.Chown(name, int(as.Uid), int(as.Gid))
}
