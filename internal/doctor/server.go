package doctor

import (
	"time"

	"winnow/internal/backup"
	"winnow/internal/ui"
	"winnow/store"
	"winnow/store/engine"
	"winnow/store/location"
	"winnow/store/sqlite"
)

// checkServerStore looks at a store on a PostgreSQL server, and at the server.
func (x *examination) checkServerStore() {
	s, err := store.OpenExisting(x.at)
	if err != nil {
		x.wrong("store", "%v", err)
		return
	}
	x.open = s
	t, err := s.Totals()
	if err != nil {
		x.unknown("store", "%v", err)
		return
	}
	pulled, err := s.Pulled()
	if err != nil {
		x.unknown("store", "%v", err)
		return
	}
	x.found = &sqlite.Inspection{Events: t.Events, Last: t.LastSeq, Received: t.Received, Cursor: t.Cursor, Contacts: t.Contacts, Pulled: pulled}
	x.well("store", "%s: %s through seq %s, %s", location.Shown(x.at), ui.Count(t.Events, "event"), ui.Number(t.LastSeq), ui.Count(t.Contacts, "contact"))
	server, err := s.Server()
	if err != nil {
		x.unknown("server", "%v", err)
		return
	}
	x.server = server
	for _, check := range []func(*engine.ServerState){x.checkVersion, x.checkDurability, x.checkStandbys, x.checkConnections, x.checkServerClock} {
		check(server)
	}
}

// checkVersion says what the server is. One that is too old, or can only be read, is refused
// when the store is opened.
func (x *examination) checkVersion(s *engine.ServerState) {
	if s.Encoding != "UTF8" {
		x.wrong("server", "the encoding of the database is %s: make a new one with ENCODING 'UTF8' TEMPLATE template0, and move the store there with pg_dump and pg_restore", s.Encoding)
		return
	}
	if s.Foreign > 0 {
		x.wrong("server", "%s to another user, so what winnow forget erases stays there: make the user of the store URL the owner", ui.CountVerb(s.Foreign, "table", "belongs", "belong"))
		return
	}
	x.well("server", "PostgreSQL %s, a database of %s", s.Version, backup.Size(s.Bytes))
}

// checkDurability looks at what decides whether an answered callback survives a crash.
func (x *examination) checkDurability(s *engine.ServerState) {
	bad := false
	for _, name := range []string{"fsync", "full_page_writes", "synchronous_commit"} {
		if s.Settings[name] == "off" {
			bad = true
			x.wrong("durability", "%s is off: a crash of the server loses callbacks that were answered; set it to on", name)
		}
	}
	if !bad {
		x.well("durability", "fsync and full_page_writes are on, synchronous_commit is %s", s.Settings["synchronous_commit"])
	}
}

func (x *examination) checkStandbys(s *engine.ServerState) {
	switch names, commit := s.Settings["synchronous_standby_names"], s.Settings["synchronous_commit"]; {
	case names == "":
		x.add("standby", Note, "%s; no commit waits for one, so callbacks that were answered can be lost with the server's disk: synchronous_standby_names = 'ANY 1 (…)' waits", ui.CountVerb(s.Standbys, "standby", "follows", "follow"))
	case commit == "local":
		x.wrong("standby", "synchronous_commit is local, so no commit waits for %s: set it to on", names)
	case s.Waits == 0:
		x.add("standby", Note, "commits wait for %s, and no such standby can be seen: if that lasts, no callback is answered; a user sees standbys who has the role pg_monitor", names)
	default:
		x.well("standby", "%s of %s follow in step, and commits wait for %s", ui.Number(s.Waits), ui.Count(s.Standbys, "standby"), names)
	}
}

// fewConnections is how many connections should be left: a daemon uses about so many.
const fewConnections = 20

func (x *examination) checkConnections(s *engine.ServerState) {
	if s.Most-s.Used < fewConnections {
		x.wrong("connections", "%s of %s are used: raise max_connections, or lower pool_max_conns in the store URLs", ui.Number(s.Used), ui.Number(s.Most))
		return
	}
	x.well("connections", "%s of %s are used", ui.Number(s.Used), ui.Number(s.Most))
}

// clockApart is how far the clocks of two hosts may be apart.
const clockApart = 2 * time.Second

func (x *examination) checkServerClock(s *engine.ServerState) {
	if apart := s.Clock.Abs(); apart > clockApart {
		x.wrong("clock", "the server's is %s apart from that of this host: look whether both are set by NTP", apart.Round(time.Second/10))
	}
}

// checkArchiving takes the place of a look at winnow's backups.
func (x *examination) checkArchiving() {
	if x.server == nil {
		x.unknown("backup", "the server could not be asked")
		return
	}
	switch a := x.server.Archiving; {
	case a.On && a.Failed > a.Last:
		x.wrong("backup", "the server can't archive its write-ahead log since %s: look at its log", a.Failed)
	case a.On && a.Last != 0:
		x.well("backup", "the server makes its own; it archived its write-ahead log last at %s", a.Last)
	default:
		x.add("backup", Note, "the server makes its own, and archives no write-ahead log: a restored dump lacks what came after it")
	}
}
