package config

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"winnow/segments"
	"winnow/segments/destination"
)

// readTargets reads where an export goes.
func (r *reader) readTargets(x *segments.Export, e *entry) {
	var remotes []string
	for _, item := range e.each() {
		if item.fields != nil {
			remotes = r.readRemote(x, item, remotes)
			continue
		}
		r.hidePassword(item)
		path := r.absolute(item.text)
		same := func(other string) bool { return sameFolder(path, other) }
		switch scheme, _, is := strings.Cut(item.text, "://"); {
		case scheme == "sftp" && is:
			r.tellAt(item, "a server needs more than its URL", `write {url: sftp://user@host/folder, key_file: FILE, known_hosts: FILE}; a password is password: "${NAME}"`)
		case is:
			r.tellAt(item, "exports don't go to "+quote(scheme+"://")+" yet", "write a directory, like ./exports, or a server, like {url: sftp://user@host/folder, …}")
		case likeAServer.MatchString(item.text):
			r.tellAt(item, quote(item.text)+" looks like a server or like somebody's home, and would be a directory", "write ./"+item.text+" if you mean one, {url: sftp://user@host/folder, …} for a server, and a home in full")
		case slices.ContainsFunc(x.To, same):
			r.tellAt(item, "the directory "+quote(item.text)+" is there already", "")
		}
		x.To = append(x.To, path)
	}
}

// likeAServer begins what people write for a server to other programs, or for
// their home to a shell. Nobody calls a directory so.
var likeAServer = regexp.MustCompile(`^(~[^/]*(/|$)|[^/:]+@[^/:]+:|[A-Za-z][A-Za-z0-9+.-]*:/([^/]|$))`)

// sameFolder tells whether two paths are of one directory, as far as it is there.
func sameFolder(a, b string) bool {
	if a == b {
		return true
	}
	one, err := os.Stat(a)
	other, otherErr := os.Stat(b)
	return err == nil && otherErr == nil && os.SameFile(one, other)
}

// readRemote reads a folder on a server. What can be told of it without a
// connection is told here, and not in the night of its first run.
func (r *reader) readRemote(x *segments.Export, e *entry, seen []string) []string {
	r.hidePassword(e.get("url"))
	s, err := destination.ParseSFTP(e.get("url").words())
	switch {
	case e.get("url") == nil:
		return seen // it was told
	case err != nil:
		r.tellAt(e.get("url"), err.Error(), "")
		return seen
	case slices.Contains(seen, s.String()):
		r.tellAt(e.get("url"), "the server's folder "+quote(s.String())+" is there already", "")
	}
	s.Key, s.KeyFile = e.get("key").words(), r.absolute(e.get("key_file").words())
	s.Passphrase, s.Password = e.get("passphrase").words(), e.get("password").words()
	s.KnownHosts, s.HostKey = r.absolute(e.get("known_hosts").words()), e.get("host_key").words()
	if e.has("password") && e.has("password_file") {
		r.tellKey(e, "password_file", `"password" and "password_file" are both written`, "keep one of them")
	} else if e.has("password_file") {
		var err error
		if s.Password, err = r.password(e.get("password_file")); err != nil {
			x.Remotes = append(x.Remotes, unready{s, fmt.Errorf("destination %s: %w", s, err)})
			return append(seen, s.String())
		}
	}
	x.Remotes = append(x.Remotes, r.checked(s, e))
	return append(seen, s.String())
}

var passwordInURL = regexp.MustCompile(`://[^/]*:.*@`)

// hidePassword sees to it that no message shows a URL with a password.
func (r *reader) hidePassword(url *entry) {
	if url != nil && passwordInURL.MatchString(url.text) {
		r.hide(url.place.node)
	}
}

// password reads the one line of a file. The error is told, where secrets are
// demanded.
func (r *reader) password(e *entry) (text string, err error) {
	if e == nil {
		return "", nil
	}
	content, err := os.ReadFile(r.absolute(e.text))
	text = strings.TrimRight(string(content), "\r\n")
	hint := ""
	switch {
	case err != nil:
		err, hint = errors.New("can't read "+quote(e.text)+": "+reasonOf(err)), "it is relative to the config's folder"
	case text == "":
		err = errors.New(quote(e.text) + " holds no password")
	case strings.ContainsAny(text, "\r\n"):
		err, hint = errors.New(quote(e.text)+" holds several lines"), "a password is one"
	default:
		return text, nil
	}
	if r.demand && !r.kept {
		r.tellAt(e, err.Error(), hint)
	}
	return "", err
}

// checked is the server, or, where the environment lacks one of its secrets and
// nobody demands them, one that says so when it is needed.
func (r *reader) checked(s destination.SFTP, e *entry) segments.Remote {
	for _, name := range []string{"key", "passphrase", "password"} {
		if of := e.get(name); of != nil && of.unset {
			return unready{s, errors.New("destination " + s.String() + ": its " + name + " is " + of.place.node.Value + ", which the environment does not have: set it, and try again")}
		}
	}
	if err := s.Check(); err != nil && r.demand && !r.kept && e.sound() {
		r.tellAt(e, err.Error(), "")
	}
	return s
}

// unready is a server of which something is not known.
type unready struct {
	segments.Remote
	why error
}

// Deliver implements [segments.Remote].
func (u unready) Deliver(context.Context, segments.Delivery) error { return u.why }
