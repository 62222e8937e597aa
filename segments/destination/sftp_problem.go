package destination

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/pkg/sftp"
)

var (
	errEndless  = errors.New("it lists more than a folder of runs can have")
	errFull     = errors.New("the server's disk is full")
	errNoRoom   = errors.New("the server refuses to write it, as it does when its disk or a quota is full")
	errNoFolder = errors.New("it is there and is no folder")
	errNoLink   = errors.New("it is there and is no link")
	errTaken    = errors.New("another delivery is at work there, or was just cut short")
	errDeep     = errors.New("its folders are too deep to be a run's")
)

// problem says where something went wrong and what to do about it; nil stays nil.
func (s SFTP) problem(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("destination %s: %s: %w%s", s, doing, err, s.advice(err))
}

func (s SFTP) advice(err error) string {
	switch {
	case errors.Is(err, errFull), errors.Is(err, errNoRoom):
		return "; make room there"
	case errors.Is(err, fs.ErrPermission) && !errors.As(err, new(hereError)):
		return "; let " + s.User + " write there"
	case errors.Is(err, errNoFolder), errors.Is(err, errNoLink):
		return "; move what is in the way"
	case errors.Is(err, errTaken):
		return "; deliver the run again"
	case errors.Is(err, errEndless), errors.Is(err, errDeep):
		return "; clear the folder"
	}
	return ""
}

// onServer names the path on the server that an error is about, unless it has one.
func onServer(path string, err error) error {
	var named *fs.PathError
	if err == nil || errors.As(err, &named) && named.Op == "sftp" {
		return err
	}
	return &fs.PathError{Op: "sftp", Path: path, Err: err}
}

// reason puts an error into words, without protocol names. If the connection was
// lost, that explains every error after it.
func (c *connection) reason(err error) error {
	if err == nil || errors.As(err, new(hereError)) {
		return err
	}
	if c.ctx.Err() != nil {
		return fmt.Errorf("stopped: %w", context.Cause(c.ctx))
	}
	var at *fs.PathError
	where := ""
	if errors.As(err, &at) && at.Op == "sftp" {
		where, err = at.Path+": ", at.Err
	}
	if lost := c.line.failed(); lost != nil {
		switch {
		case errors.Is(lost, errEndless):
			return fmt.Errorf("%s%w", where, errEndless)
		case errors.Is(lost, os.ErrDeadlineExceeded):
			return fmt.Errorf("%sthe server fell silent, so the connection was ended", where)
		}
		return fmt.Errorf("%sthe connection was lost", where)
	}
	return fmt.Errorf("%s%w", where, spoken(err))
}

// The numbers of version 6 of the protocol that servers of version 3 send too.
const (
	statusFailure     = 4
	statusUnsupported = 8
	statusNoSpace     = 14
	statusOverQuota   = 15
)

// spoken is the answer of a server in words.
func spoken(err error) error {
	var status *sftp.StatusError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return answer{"the server says that it is not there", fs.ErrNotExist}
	case errors.Is(err, fs.ErrPermission):
		return answer{"the server does not allow it", fs.ErrPermission}
	case errors.Is(err, sftp.ErrSSHFxConnectionLost):
		return errors.New("the connection was lost")
	case errors.As(err, &status):
		return refusal(status)
	case strings.HasPrefix(err.Error(), "sftp: "):
		return errors.New("the server answers what makes no sense")
	}
	return err
}

// refusal is a no of the server in words.
func refusal(status *sftp.StatusError) error {
	switch status.Code {
	case statusNoSpace, statusOverQuota:
		return errFull
	case statusUnsupported:
		return errors.New("the server can't do that")
	}
	if said := words(status); said != "" {
		return fmt.Errorf("the server refuses it and says %s", said)
	}
	return errors.New("the server refuses it and does not say why")
}

// answer is an error in other words.
type answer struct {
	words string
	is    error
}

func (a answer) Error() string { return a.words }
func (a answer) Unwrap() error { return a.is }

// words is what the server says beyond the kind of its answer, quoted and cut:
// it is another's text.
func words(status *sftp.StatusError) string {
	quoted, err := strconv.QuotedPrefix(strings.TrimPrefix(status.Error(), "sftp: "))
	if err != nil {
		return ""
	}
	said, err := strconv.Unquote(quoted)
	if err != nil || said == "" || strings.EqualFold(said, "failure") || strings.Contains(said, "SSH_FX_FAILURE") {
		return ""
	}
	const longest = 200
	if len(said) > longest {
		said = said[:longest] + "…"
	}
	return strconv.Quote(said)
}

// refused tells whether the server answered, and said no. What is not there is
// no refusal.
func refused(err error) bool {
	var status *sftp.StatusError
	return errors.As(err, &status) || errors.Is(err, fs.ErrPermission)
}

// unsupported tells whether the server does not know what was asked for.
func unsupported(err error) bool {
	var status *sftp.StatusError
	return errors.As(err, &status) && status.Code == statusUnsupported
}

// failure tells whether the server said no and gave no kind of reason.
func failure(err error) bool {
	var status *sftp.StatusError
	return errors.As(err, &status) && status.Code == statusFailure
}

// shortError is a file that came out another length than it was sent with.
type shortError struct{ there, sent int64 }

func (e shortError) Error() string {
	return fmt.Sprintf("the server has %d bytes of it, %d were sent; it was taken back", e.there, e.sent)
}
