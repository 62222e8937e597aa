package engine

import (
	"time"

	"winnow/hygiene"
)

// OldestServer is the oldest PostgreSQL that winnow works with.
const OldestServer = 13

// Server is an [Engine] whose database is on a server.
type Server interface {
	Engine
	// ServerState looks at the server, and changes nothing.
	ServerState() (*ServerState, error)
}

// ServerState is what a server says of itself. What this user may not see is missing.
type ServerState struct {
	Version   string // as people write it, like 15.6
	Number    int64  // of the version: 150006
	Encoding  string // of the database
	Bytes     int64  // of the database
	Foreign   int64  // tables of the store that belong to another user
	Settings  map[string]string
	Used      int64         // connections to the server
	Most      int64         // connections that it admits
	Clock     time.Duration // its clock, less that of this host
	Standbys  int64         // that follow it now
	Waits     int64         // of them, those that a commit may wait for
	Archiving Archiving
	Processes []Process // of winnow that are connected, those longest there first
}

// Process is a process of winnow.
type Process struct {
	Host  string
	ID    int // on its host
	Since hygiene.Instant
}

// Archiving is whether the server's write-ahead log gets to where its backups need it.
type Archiving struct {
	On           bool
	Last, Failed hygiene.Instant // when it was archived, and when that failed last; 0 for never
}
