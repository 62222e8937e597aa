package postgres

import (
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"winnow/store/engine"
)

// Codes of PostgreSQL's errors, see its manual, appendix A; the last is that of
// winnow_appended in schema/.
const (
	codeDiskFull         = "53100"
	codeLockNotAvailable = "55P03"
	codeDeadlock         = "40P01"
	codeReadOnly         = "25006"
	codeAppenderClosed   = "WN001"
)

// friendly adds what the store knows of an error of PostgreSQL.
func friendly(err error) error {
	var of *pgconn.PgError
	if !errors.As(err, &of) {
		return err
	}
	switch of.Code {
	case codeDiskFull:
		return fmt.Errorf("%w: %w", engine.ErrFull, err)
	case codeLockNotAvailable:
		return fmt.Errorf("%w: %w", engine.ErrBusy, err)
	case codeReadOnly:
		return fmt.Errorf("the server can only be read now; name all servers in the store URL, with target_session_attrs=read-write: %w", err)
	}
	return err
}

// isCode reports whether the server said that code.
func isCode(err error, code string) bool {
	var of *pgconn.PgError
	return errors.As(err, &of) && of.Code == code
}
