package postgres

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"winnow/store/engine"
)

// errNoServer is the error of not being able to connect: of each server why, and what to do.
type errNoServer []errServer

func (e errNoServer) Error() string {
	var each []string
	for _, s := range e {
		each = append(each, s.Error())
	}
	return "no connection to PostgreSQL: " + strings.Join(each, "; ")
}

func (e errNoServer) Unwrap() (list []error) {
	for _, s := range e {
		list = append(list, s)
	}
	return list
}

// errServer is why one server could not be connected to.
type errServer struct {
	name  string
	tried time.Duration
	err   error
}

func (e errServer) Unwrap() error { return e.err }

func (e errServer) Error() string {
	why, todo := e.explain()
	if todo == "" {
		return e.name + ": " + why
	}
	return e.name + ": " + why + "; " + todo
}

// Why a server that answers is of no use.
var (
	errStandby  = errors.New("it is a standby, which can only be read")
	errReadOnly = errors.New("default_transaction_read_only is on, so nothing can be written")
	errPooled   = errors.New("a pooler gives out sessions that others use too, as it does with pool_mode = transaction")
)

// errNewer is the error of going on when a newer winnow has updated the tables.
var errNewer = errors.New("a newer winnow has updated the store meanwhile")

// errOld is the error of a server of an old version.
type errOld struct{ version string }

func (e errOld) Error() string {
	return fmt.Sprintf("it is PostgreSQL %s, and winnow needs %d or later", e.version, engine.OldestServer)
}

// explain says why, and what to do about it.
func (e errServer) explain() (why, todo string) {
	var refused *pgconn.PgError
	var name *net.DNSError
	switch err := e.err; {
	case isAny[errOld](err):
		return innermost(err), "upgrade it"
	case errors.Is(err, errStandby):
		return errStandby.Error(), "name the primary in the store URL, or all servers with target_session_attrs=read-write"
	case errors.Is(err, errReadOnly):
		return errReadOnly.Error(), "set it to off for this user and database"
	case errors.Is(err, errNewer):
		return errNewer.Error(), "stop this process, and start that version"
	case errors.Is(err, errPooled):
		return errPooled.Error(), "set pool_mode = session for this database and restart the pooler, or connect to PostgreSQL itself"
	case errors.As(err, &refused):
		return refused.Message, whatToDo(refused.Code)
	case errors.As(err, &name):
		return "the name can't be resolved (" + name.Err + ")", "correct the host in the store URL"
	case isTimeout(err):
		return fmt.Sprintf("no answer within %v", e.tried), "look whether host and port are right, and whether a firewall lets this host through"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused", "look whether PostgreSQL runs there and listens on that address"
	case errors.Is(err, os.ErrNotExist):
		return "there is no socket", "look whether PostgreSQL runs, and has its socket there"
	case isAny[*tls.CertificateVerificationError](err), isAny[x509.HostnameError](err), isAny[x509.UnknownAuthorityError](err):
		return innermost(err), "look at the server's certificate, and at sslmode and sslrootcert in the store URL"
	default:
		return innermost(err), ""
	}
}

// whatToDo is what helps against a refusal, by its code; see PostgreSQL's manual, appendix A.
func whatToDo(code string) string {
	switch {
	case code == "28P01":
		return "correct the password: it is in the passfile of the store URL, in that of PGPASSFILE, or in PGPASSWORD"
	case strings.HasPrefix(code, "28"):
		return "let the user in by the server's pg_hba.conf, or correct the user in the store URL"
	case code == "3D000":
		return "create it, or correct its name in the store URL"
	case code == "42501":
		return "grant the user the right to connect to the database"
	case code == "53300":
		return "raise max_connections of the server, or lower pool_max_conns in the store URLs"
	}
	return ""
}

// refuses reports whether the server does not let this user into the database, or is of no
// use, which trying again does not change.
func refuses(err error) bool {
	var list errNoServer
	if !errors.As(err, &list) {
		return false
	}
	for _, s := range list {
		if !s.refuses() {
			return false
		}
	}
	return true
}

// refuses reports it of one server: classes 28 and 3D, and what no time changes.
func (e errServer) refuses() bool {
	var refused *pgconn.PgError
	var name *net.DNSError
	switch {
	case errors.As(e.err, &refused):
		return strings.HasPrefix(refused.Code, "28") || strings.HasPrefix(refused.Code, "3D") || refused.Code == "42501"
	case errors.As(e.err, &name):
		return name.IsNotFound
	}
	return isAny[errOld](e.err) || errors.Is(e.err, errPooled) || errors.Is(e.err, errNewer) || isAny[*tls.CertificateVerificationError](e.err)
}

func isAny[E error](err error) bool { var of E; return errors.As(err, &of) }

func isTimeout(err error) bool {
	var of net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &of) && of.Timeout()
}

// innermost is the text of the error within, without what those around it add.
func innermost(err error) string {
	for {
		var next error
		switch of := err.(type) {
		case interface{ Unwrap() error }:
			next = of.Unwrap()
		case interface{ Unwrap() []error }:
			next = of.Unwrap()[0]
		}
		if next == nil {
			return err.Error()
		}
		err = next
	}
}
