package postgres

import (
	"fmt"
	"time"

	"winnow/hygiene"
	"winnow/store/engine"
)

// durability are the settings that decide what a commit promises.
var durability = []string{"synchronous_commit", "fsync", "full_page_writes", "synchronous_standby_names", "archive_mode"}

// ServerState implements engine.Server.
func (e *Engine) ServerState() (s *engine.ServerState, err error) {
	err = e.Read(func(c engine.Reader) error {
		s, err = serverState(c)
		return err
	})
	return s, err
}

var _ engine.Server = (*Engine)(nil)

func serverState(c engine.Querier) (*engine.ServerState, error) {
	s := &engine.ServerState{Settings: map[string]string{}}
	began := time.Now()
	clock, err := c.Number("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)")
	if err != nil {
		return nil, err
	}
	s.Clock = hygiene.Instant(clock).Sub(hygiene.InstantOf(began.Add(time.Since(began) / 2)))
	r := c.Query(`SELECT CAST(current_setting('server_version_num') AS bigint), pg_encoding_to_char(encoding), pg_database_size(oid),
		CAST(current_setting('max_connections') AS bigint) - CAST(current_setting('superuser_reserved_connections') AS bigint),
		(SELECT coalesce(sum(numbackends), 0) FROM pg_stat_database),
		(SELECT count(*) FROM pg_stat_replication), (SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')),
		(SELECT CAST(coalesce(extract(epoch FROM last_archived_time), 0) * 1000000 AS bigint) FROM pg_stat_archiver),
		(SELECT CAST(coalesce(extract(epoch FROM last_failed_time), 0) * 1000000 AS bigint) FROM pg_stat_archiver)
		FROM pg_database WHERE datname = current_database()`)
	if r.Next() {
		s.Number, s.Encoding, s.Bytes, s.Most, s.Used = r.Int(0), r.Text(1), r.Int(2), r.Int(3), r.Int(4)
		s.Standbys, s.Waits = r.Int(5), r.Int(6)
		s.Archiving = engine.Archiving{Last: hygiene.Instant(r.Int(7)), Failed: hygiene.Instant(r.Int(8))}
	}
	if err := r.Close(); err != nil {
		return nil, err
	}
	if s.Foreign, err = c.Number(foreignTables); err != nil {
		return nil, err
	}
	s.Version = fmt.Sprintf("%d.%d", s.Number/10000, s.Number%10000)
	for _, name := range durability {
		if s.Settings[name], err = c.Text("SELECT current_setting(?)", name); err != nil {
			return nil, err
		}
	}
	s.Archiving.On = s.Settings["archive_mode"] != "off"
	r = c.Query("SELECT application_name, CAST(extract(epoch FROM min(backend_start)) * 1000000 AS bigint) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'winnow %' GROUP BY application_name ORDER BY 2")
	for r.Next() {
		if p, ok := processOf(r.Text(0)); ok {
			p.Since = hygiene.Instant(r.Int(1))
			s.Processes = append(s.Processes, p)
		}
	}
	return s, r.Close()
}
