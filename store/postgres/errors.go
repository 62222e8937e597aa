package postgres

import (
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"winnow/store/engine"
)

// Codes of PostgreSQL's errors, see its manual, appendix A; the last is that of
// winnow_appended in schema/.
const (
	codeDiskFull         = "53100"
	codeLockNotAvailable = "55P03"
	codeDeadlock         = "40P01"
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
	}
	return err
}

// refuses reports whether the server does not let this user into the database, which trying
// again does not change: classes 28 and 3D.
func refuses(err error) bool {
	var of *pgconn.PgError
	return errors.As(err, &of) && (strings.HasPrefix(of.Code, "28") || strings.HasPrefix(of.Code, "3D"))
}

// isCode reports whether the server said that code.
func isCode(err error, code string) bool {
	var of *pgconn.PgError
	return errors.As(err, &of) && of.Code == code
}
