package connlimit

import (
	"fmt"
	"syscall"
)

// Descriptors returns how many files and connections the process may have open. The Go
// runtime has raised the soft limit to the hard limit before main began.
func Descriptors() (int, error) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0, fmt.Errorf("read the limit of open files: %w", err)
	}
	return int(min(limit.Cur, 1<<30)), nil
}
