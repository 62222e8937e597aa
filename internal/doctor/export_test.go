package doctor

import "syscall"

// SetStatfs replaces what measures disks.
func SetStatfs(measure func(string, *syscall.Statfs_t) error) { statfs = measure }

// ShortenBacklog replaces how many events may wait for a sweep, and returns how many
// there may be outside tests.
func ShortenBacklog(events int64) (was int64) {
	was, longBacklog = longBacklog, events
	return was
}
