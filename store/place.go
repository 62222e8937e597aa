package store

import (
	"fmt"
	"os"

	"winnow/store/engine"
	"winnow/store/location"
	"winnow/store/postgres"
	"winnow/store/sqlite"
)

// Exists reports whether there is a store at a location. The error is that of a server which
// can't be asked.
func Exists(at string) (bool, error) {
	if location.IsServer(at) {
		exists, err := postgres.Exists(location.URL(at))
		return exists, opening(at, err)
	}
	return sqlite.Exists(at), nil
}

// opening is an error of opening a store on a server, with its location.
func opening(at string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("open the store %s: %w", location.Shown(at), err)
}

// Remains lists what a store at a location left behind beside its main file, each a path.
func Remains(at string) (list []string) {
	candidates := []string{location.Beside(at, "outbox")}
	if !location.IsServer(at) {
		if log := sqlite.LogPath(at); sqlite.HasEvents(log) {
			list = append(list, log)
		}
		candidates = []string{at + ".jobs", RestoringAt(at), location.Beside(at, "members"), location.Beside(at, "outbox")}
	}
	for _, name := range candidates {
		if _, err := os.Lstat(name); err == nil {
			list = append(list, name)
		}
	}
	return list
}

// PartsAt lists where the parts of a store at path are, each of which may be missing: the
// folders, the write-ahead logs, the contacts and, last, the log. Contacts that are there
// without their log can't be opened, so a store that gets its parts in this order is there
// as a whole, or not at all.
//
// One on a server has its outbox here, and nothing else.
func PartsAt(path string) []string {
	if location.IsServer(path) {
		return []string{location.Beside(path, "outbox")}
	}
	log := sqlite.LogPath(path)
	return []string{location.Beside(path, "members"), location.Beside(path, "outbox"), log + "-wal", log + "-shm", path + "-wal", path + "-shm", path, log}
}

// Shared reports whether processes of several hosts may use the store, each of which has
// files of its own.
func (s *Store) Shared() bool { return location.IsServer(s.location) }

// Server is what the server says of itself on which the store is; nil for a store on this
// host.
func (s *Store) Server() (*engine.ServerState, error) {
	if e, ok := s.engine.(engine.Server); ok {
		return e.ServerState()
	}
	return nil, nil
}

// RestoringAt is the folder in which a store is made that is to be at path.
func RestoringAt(path string) string { return path + ".restoring" }

// usersLocks are the locks of those who use a store: the daemon that runs the jobs, and who
// holds the store lock, or appends many events.
var usersLocks = []string{"jobs", runLock, logLock}

// LocksAt are the locks of those who use a store at path, which need not be there: that of
// the daemon that runs the jobs, the store lock, and that of who appends many events.
func LocksAt(path string) (list []*Lock) {
	for _, name := range usersLocks {
		list = append(list, &Lock{sqlite.NewLock(path + "." + name)})
	}
	return list
}

// Locks are those of [LocksAt].
func (s *Store) Locks() (list []*Lock) {
	for _, name := range usersLocks {
		list = append(list, s.Lock(name))
	}
	return list
}
