package doctor

import "syscall"

// SetStatfs replaces what measures disks.
func SetStatfs(measure func(string, *syscall.Statfs_t) error) { statfs = measure }
