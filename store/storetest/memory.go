package storetest

import (
	"flag"
	"os"
	"syscall"
	"testing"
)

// enoughMemory is how much a folder in memory must hold for the tests of a package, in
// bytes. A container often has one of 64 MiB.
const enoughMemory = 1 << 30

// disk is where temporary folders are without InMemory.
var disk = os.TempDir()

// OnDisk is a temporary folder on the disk, for a test that must be as slow as one.
func OnDisk(t testing.TB) string {
	t.Helper()
	folder, err := os.MkdirTemp(disk, "winnow-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}

// InMemory makes the temporary folders of a package's tests be in memory, where there is
// such a folder: for tests that make many stores, and in which no power is cut. A killed
// process leaves there what it leaves on a disk. Benchmarks stay on the disk, of which they tell
// how long it takes. It is for TestMain.
func InMemory(m *testing.M) (code int) {
	flag.Parse()
	if flag.Lookup("test.bench").Value.String() != "" {
		return m.Run()
	}
	var room syscall.Statfs_t
	if err := syscall.Statfs("/dev/shm", &room); err != nil || room.Bavail*uint64(room.Bsize) < enoughMemory {
		return m.Run()
	}
	folder, err := os.MkdirTemp("/dev/shm", "winnow-test-")
	if err != nil {
		return m.Run()
	}
	defer os.RemoveAll(folder)
	if os.Chmod(folder, 0o755) != nil || os.Setenv("TMPDIR", folder) != nil { // tests may act as another user
		return m.Run()
	}
	return m.Run()
}
