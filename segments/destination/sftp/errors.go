package sftp

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"winnow/internal/ui"
	"winnow/segments"
	"winnow/segments/destination"
)

var (
	errEndless    = errors.New("it lists more than a folder of runs can have")
	errFull       = errors.New("the server's disk is full")
	errNoRoom     = errors.New("the server refuses to write it, as it does when its disk or a quota is full")
	errNotFolder  = errors.New("it exists and is not a folder")
	errNotLink    = errors.New("it exists and is not a link")
	errConcurrent = errors.New("another delivery is at work there, or was just interrupted")
	errTooDeep    = errors.New("its folders are too deep to be a run's")
)

// failed says where an error happened and what to do about it; nil stays nil.
func (f Folder) failed(doing string, err error) error {
	if err == nil {
		return nil
	}
	return &destination.Error{Destination: f.String(), Doing: doing, Err: err, Advice: f.advice(err)}
}

func (f Folder) advice(err error) string {
	switch {
	case errors.Is(err, errFull), errors.Is(err, errNoRoom):
		return "make room there"
	case errors.Is(err, fs.ErrPermission) && !errors.As(err, new(segments.LocalError)):
		return "allow " + f.User + " to write there"
	case errors.Is(err, errNotFolder), errors.Is(err, errNotLink):
		return "move what is in the way"
	case errors.Is(err, errConcurrent):
		return "deliver the run again"
	case errors.Is(err, errEndless), errors.Is(err, errTooDeep):
		return "clear the folder"
	}
	return ""
}

// unreachable says why there is no line to the server.
func (f Folder) unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("stopped: %w", context.Cause(ctx))
	}
	var name *net.DNSError
	var op *net.OpError
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		err = fmt.Errorf("it does not answer within %v", dialTimeout)
	case errors.As(err, &name) && name.IsNotFound:
		err = errors.New("no server has that name")
	case errors.As(err, &name):
		err = errors.New("its name can't be looked up")
	case errors.As(err, &op):
		err = op.Err
		var call *os.SyscallError
		if errors.As(err, &call) {
			err = call.Err
		}
	}
	return fmt.Errorf("%s can't be reached: %w", f.address(), err)
}

// explainOpening says what went wrong before the server was ready. Where the
// libraries have no error value, it goes by their words.
func (c *connection) explainOpening(err error) error {
	var none *ssh.AlgorithmNegotiationError
	switch {
	case lacksKeyKind(err):
		return err
	case errors.As(err, &none):
		return fmt.Errorf("the server and winnow have no %s in common: the server's are %s", none.What, serverWords(strings.Join(none.RequestedAlgorithms, ", ")))
	case errors.Is(c.line.err(), errUnasked):
		return errUnasked
	case strings.Contains(err.Error(), "subsystem request failed"):
		return fmt.Errorf("the server lets %s in but offers no files: ask its owner to turn SFTP on", c.server.User)
	case strings.Contains(err.Error(), "overflow reading version"), strings.Contains(err.Error(), "invalid version"):
		return fmt.Errorf("%s does not speak SSH: check the port", c.server.address())
	case c.ssh != nil && c.line.err() != nil:
		return fmt.Errorf("the server lets %s in, and then closed the connection before it offered files: its log says why; often the folder that it locks logins into is writable for others than root", c.server.User)
	case c.line.err() != nil:
		return fmt.Errorf("%s closed the connection before the login was done", c.server.address())
	}
	return fmt.Errorf("logging in: %s", serverWords(strings.TrimPrefix(err.Error(), "ssh: ")))
}

// onServer names the path on the server that an error is about, unless it has one.
func onServer(path string, err error) error {
	var named *fs.PathError
	if err == nil || errors.As(err, &named) && named.Op == "sftp" {
		return err
	}
	return &fs.PathError{Op: "sftp", Path: path, Err: err}
}

// explain puts an error into words for people. If the connection was lost, that
// explains every error after it.
func (c *connection) explain(err error) error {
	if err == nil || errors.As(err, new(segments.LocalError)) {
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
	if lost := c.line.err(); lost != nil {
		switch {
		case errors.Is(lost, errEndless), errors.Is(lost, errUnasked):
			return fmt.Errorf("%s%w", where, lost)
		case errors.Is(lost, os.ErrDeadlineExceeded):
			return fmt.Errorf("%sthe server stopped answering, so the connection was closed", where)
		}
		return fmt.Errorf("%sthe connection was lost", where)
	}
	return fmt.Errorf("%s%w", where, explainAnswer(err))
}

// The codes of version 6 of the protocol that servers of version 3 send too.
const (
	statusFailure     = 4
	statusUnsupported = 8
	statusNoSpace     = 14
	statusOverQuota   = 15
)

// explainAnswer puts the answer of a server into words.
func explainAnswer(err error) error {
	var status *sftp.StatusError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return answer{"the server says that it does not exist", fs.ErrNotExist}
	case errors.Is(err, fs.ErrPermission):
		return answer{"the server does not allow it", fs.ErrPermission}
	case errors.Is(err, sftp.ErrSSHFxConnectionLost):
		return errors.New("the connection was lost")
	case errors.As(err, &status):
		return explainStatus(status)
	case strings.HasPrefix(err.Error(), "sftp: "):
		return errors.New("the server's answer makes no sense")
	}
	return err
}

func explainStatus(status *sftp.StatusError) error {
	switch status.Code {
	case statusNoSpace, statusOverQuota:
		return errFull
	case statusUnsupported:
		return errors.New("the server can't do that")
	}
	if text := serverText(status); text != "" {
		return fmt.Errorf("the server refuses it and says %s", text)
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

// maxServerWords is how many bytes of what a server says go into an error.
const maxServerWords = 200

// serverWords is what a server says, escaped and shortened: errors are stored, and
// printed by others.
func serverWords(text string) string {
	text = ui.Printable(text[:min(len(text), maxServerWords)])
	if len(text) <= maxServerWords {
		return text
	}
	const ellipsis = "…"
	end := maxServerWords - len(ellipsis)
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + ellipsis
}

// serverText is what the server says beyond the code of its answer, in quotes.
func serverText(status *sftp.StatusError) string {
	quoted, err := strconv.QuotedPrefix(strings.TrimPrefix(status.Error(), "sftp: "))
	if err != nil {
		return ""
	}
	text, err := strconv.Unquote(quoted)
	if err != nil || text == "" || strings.EqualFold(text, "failure") || strings.Contains(text, "SSH_FX_FAILURE") {
		return ""
	}
	return `"` + serverWords(text) + `"`
}

// isRefused reports whether the server answered, and refused. "Does not exist" is
// not a refusal.
func isRefused(err error) bool {
	var status *sftp.StatusError
	return errors.As(err, &status) || errors.Is(err, fs.ErrPermission)
}

// isUnsupported reports whether the server does not know the request.
func isUnsupported(err error) bool {
	var status *sftp.StatusError
	return errors.As(err, &status) && status.Code == statusUnsupported
}

// isFailure reports whether the server refused without any kind of reason.
func isFailure(err error) bool {
	var status *sftp.StatusError
	return errors.As(err, &status) && status.Code == statusFailure
}

// shortError is a file that has another length on the server than was sent.
type shortError struct{ there, sent int64 }

func (e shortError) Error() string {
	return fmt.Sprintf("the server has %d bytes of it, %d were sent; it was removed again", e.there, e.sent)
}
