package command

import (
	"os"
	"syscall"
	"testing"
)

// tmpfs is a disk of 8 MiB of its own, which only root can make.
func tmpfs(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if err := syscall.Mount("winnow", folder, "tmpfs", 0, "size=8m"); err != nil {
		t.Skipf("no small disk to fill here (user %d): %v", os.Getuid(), err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(folder, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return folder
}
