package postgres

import (
	"context"
	"errors"
	"strings"

	"winnow/store/engine"
)

// snapshot is a transaction that reads, on a connection of its own.
type snapshot struct{ reader }

// Snapshots implements engine.Engine. The first names the moment that the others read.
func (e *Engine) Snapshots(n int) (list []engine.Snapshot, err error) {
	defer func() {
		if err != nil {
			for _, s := range list {
				err = errors.Join(err, s.Close())
			}
			list = nil
		}
	}()
	moment := ""
	for range n {
		pg, err := e.connect()
		if err != nil {
			return list, err
		}
		s := &snapshot{reader{connOf(e.ctx, pg)}}
		list = append(list, s)
		if err := errors.Join(s.exec(beginReading), s.exec("SET LOCAL idle_in_transaction_session_timeout = 0")); err != nil {
			return list, err
		}
		if moment != "" {
			if err := s.exec("SET TRANSACTION SNAPSHOT '" + strings.ReplaceAll(moment, "'", "") + "'"); err != nil {
				return list, err
			}
		}
		if err := s.flush(); err != nil {
			return list, err
		}
		if moment == "" && n > 1 {
			if moment, err = s.Text("SELECT pg_export_snapshot()"); err != nil {
				return list, err
			}
		}
	}
	return list, nil
}

// Close ends the snapshot.
func (s *snapshot) Close() error { return s.pg.Close(context.Background()) }
