package config

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"winnow/internal/yamldoc"
	"winnow/segments"
	"winnow/segments/destination"
)

// A target is a directory, or a folder on an SFTP server.
var (
	target = &yamldoc.Shape{Kind: yamldoc.ItemOrMap, Item: PathShape, Map: server, Expect: "a directory, or a server like {url: sftp://user@host/folder, …}"}
	server = &yamldoc.Shape{Kind: yamldoc.Object, Min: 1, AnyOf: []string{"key_file", "key", "password", "password_file"}, Fields: []yamldoc.Field{
		{Key: "url", Shape: &yamldoc.Shape{Kind: yamldoc.Text, EditorPattern: "^sftp://[^@/]+@[^/]+/", Expect: "a URL like sftp://user@host/folder"}, Required: true,
			Doc: "The folder as sftp://user@host/folder; with /~/folder it is in the user's home. Runs are made locally first, then delivered."},
		{Key: "key_file", Shape: PathShape, Doc: "File of the private key, relative to this file; read at each delivery."},
		{Key: "key", Shape: deliverySecret, Doc: "The private key itself, usually ${NAME}."},
		{Key: "passphrase", Shape: deliverySecret, Doc: "Passphrase of the private key."},
		{Key: "password", Shape: deliverySecret, Doc: "Password of the user, usually ${NAME}."},
		{Key: "password_file", Shape: PathShape, Doc: "File that holds the password, relative to this file."},
		{Key: "known_hosts", Shape: PathShape, Doc: "File of the servers' keys in OpenSSH's format, relative to this file; read at each delivery."},
		{Key: "host_key", Shape: &yamldoc.Shape{Kind: yamldoc.Text, Expect: `a server's key like "SHA256:…"`}, Doc: "The server's key, instead of known_hosts: SHA256:… as ssh-keygen -lf prints it, or the key as ssh-keyscan prints it."},
	}}
	// deliverySecret is a secret that only deliveries need, see [Options].
	deliverySecret = &yamldoc.Shape{Kind: yamldoc.Secret, Expect: "a secret"}
)

// readTargets reads where an export goes.
func (r *reader) readTargets(x *segments.Export, e *yamldoc.Entry) {
	var remotes []string
	for _, item := range e.Items() {
		if !item.IsScalar() {
			remotes = r.readRemote(x, item, remotes)
			continue
		}
		hidePassword(item)
		path := r.absolute(item.Text())
		same := func(other string) bool { return sameFolder(path, other) }
		switch scheme, _, is := strings.Cut(item.Text(), "://"); {
		case scheme == "sftp" && is:
			item.Report("a server needs more than its URL", `write {url: sftp://user@host/folder, key_file: FILE, known_hosts: FILE}; a password is password: "${NAME}"`)
		case is:
			item.Report("exports don't go to "+yamldoc.Quote(scheme+"://")+" yet", "write a directory, like ./exports, or a server, like {url: sftp://user@host/folder, …}")
		case likeAServer.MatchString(item.Text()):
			item.Report(yamldoc.Quote(item.Text())+" looks like a server or like somebody's home, and would be a directory", "write ./"+item.Text()+" if you mean one, {url: sftp://user@host/folder, …} for a server, and a home in full")
		case slices.ContainsFunc(x.To, same):
			item.Report("the directory "+yamldoc.Quote(item.Text())+" is there already", "")
		}
		x.To = append(x.To, path)
	}
}

// likeAServer begins what people write for a server to other programs, or for
// their home to a shell. Nobody calls a directory so.
var likeAServer = regexp.MustCompile(`^(~[^/]*(/|$)|[^/:]+@[^/:]+:|[A-Za-z][A-Za-z0-9+.-]*:/([^/]|$))`)

// sameFolder reports whether two paths are the same directory, as far as it exists.
func sameFolder(a, b string) bool {
	if a == b {
		return true
	}
	one, err := os.Stat(a)
	other, otherErr := os.Stat(b)
	return err == nil && otherErr == nil && os.SameFile(one, other)
}

// readRemote reads a folder on a server. It checks everything that needs no
// connection, so that the first run does not fail for it.
func (r *reader) readRemote(x *segments.Export, e *yamldoc.Entry, seen []string) []string {
	hidePassword(e.Get("url"))
	s, err := destination.ParseSFTP(e.Get("url").Text())
	switch {
	case e.Get("url") == nil:
		return seen // reported already
	case err != nil:
		e.Get("url").Report(err.Error(), "")
		return seen
	case slices.Contains(seen, s.String()):
		e.Get("url").Report("duplicate folder "+yamldoc.Quote(s.String()), "")
	}
	s.Key, s.KeyFile = e.Get("key").Text(), r.absolute(e.Get("key_file").Text())
	s.Passphrase, s.Password = e.Get("passphrase").Text(), e.Get("password").Text()
	s.KnownHosts, s.HostKey = r.absolute(e.Get("known_hosts").Text()), e.Get("host_key").Text()
	if e.Has("password") && e.Has("password_file") {
		e.ReportKey("password_file", `"password" and "password_file" are both set`, "keep one of them")
	} else if e.Has("password_file") {
		var err error
		if s.Password, err = r.password(e.Get("password_file")); err != nil {
			x.Remotes = append(x.Remotes, unready{s, fmt.Errorf("destination %s: %w", s, err)})
			return append(seen, s.String())
		}
	}
	x.Remotes = append(x.Remotes, r.checked(s, e))
	return append(seen, s.String())
}

var passwordInURL = regexp.MustCompile(`://[^/]*:.*@`)

// hidePassword hides a URL with a password in all problems.
func hidePassword(url *yamldoc.Entry) {
	if url != nil && passwordInURL.MatchString(url.Text()) {
		url.MarkSecret()
	}
}

// password reads the one line of a file. Its error is also reported where secrets
// are required.
func (r *reader) password(e *yamldoc.Entry) (text string, err error) {
	if e == nil {
		return "", nil
	}
	content, err := os.ReadFile(r.absolute(e.Text()))
	text = strings.TrimRight(string(content), "\r\n")
	hint := ""
	switch {
	case err != nil:
		err, hint = errors.New("cannot read "+yamldoc.Quote(e.Text())+": "+reasonOf(err)), "the path is relative to the config file"
	case text == "":
		err = errors.New(yamldoc.Quote(e.Text()) + " contains no password")
	case strings.ContainsAny(text, "\r\n"):
		err, hint = errors.New(yamldoc.Quote(e.Text())+" contains more than one line"), "a password file has one line"
	default:
		return text, nil
	}
	if r.options.Secrets == SecretsRequired {
		e.Report(err.Error(), hint)
	}
	return "", err
}

// checked is the server, or, where the environment lacks one of its secrets and
// nobody demands them, one that says so when it is needed.
func (r *reader) checked(s destination.SFTP, e *yamldoc.Entry) segments.Remote {
	for _, name := range []string{"key", "passphrase", "password"} {
		if of := e.Get(name); of != nil && of.Unset() {
			return unready{s, errors.New("destination " + s.String() + ": its " + name + " is " + of.Written() + ", which is not set; set it and retry")}
		}
	}
	if err := s.Check(); err != nil && r.options.Secrets == SecretsRequired && e.Valid() {
		e.Report(err.Error(), "")
	}
	return s
}

// unready is a server whose secret is missing.
type unready struct {
	segments.Remote
	why error
}

// Deliver implements [segments.Remote].
func (u unready) Deliver(context.Context, segments.Delivery) error { return u.why }
