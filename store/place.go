package store

import (
	"winnow/store/sqlite"
)

// PartsAt lists where the parts of a store at path are, each of which may be missing: the
// folders, the write-ahead logs, the contacts and, last, the log. Contacts that are there
// without their log can't be opened, so a store that gets its parts in this order is there
// as a whole, or not at all.
func PartsAt(path string) []string {
	log := sqlite.LogPath(path)
	return []string{FolderOf(path, "members"), FolderOf(path, "outbox"), log + "-wal", log + "-shm", path + "-wal", path + "-shm", path, log}
}

// RestoringAt is the folder in which a store is made that is to be at path.
func RestoringAt(path string) string { return path + ".restoring" }

// LocksAt are the locks of those who use a store at path: the daemon that runs the jobs,
// and who holds the store lock, or appends many events.
func LocksAt(path string) (list []*Lock) {
	for _, name := range []string{"jobs", runLock, logLock} {
		list = append(list, &Lock{sqlite.NewLock(path + "." + name)})
	}
	return list
}
