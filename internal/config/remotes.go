package config

import (
	"context"
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"

	"winnow/segments"
	"winnow/segments/destination"
	"winnow/segments/destination/local"
	"winnow/segments/destination/sftp"
)

// Kinds are the kinds of destinations that a config can name by a URL. A new one
// is a line here: its keys, and what editors and people are told, are in its Kind.
var Kinds = destination.Kinds{sftp.Kind}

// readTargets reads where an export goes.
func (r *reader) readTargets(x *segments.Export, e *entry) {
	server := "{url: " + Kinds.Forms() + ", …}"
	for _, item := range e.each() {
		if item.fields != nil {
			r.readRemote(x, item)
			continue
		}
		r.hidePassword(item)
		path := r.absolute(item.text)
		same := func(other segments.Destination) bool {
			folder, isFolder := other.(local.Folder)
			return isFolder && sameFolder(path, string(folder))
		}
		kind, known := Kinds.Of(item.text)
		switch scheme, _, isURL := strings.Cut(item.text, "://"); {
		case known:
			r.tellAt(item, "a server needs more than its URL", "write "+kind.Example)
		case isURL:
			r.tellAt(item, "exports don't go to "+quote(scheme+"://")+" yet", "write a directory, like ./exports, or a server, like "+server)
		case likeAServer.MatchString(item.text):
			r.tellAt(item, quote(item.text)+" looks like a server or like somebody's home, and would be a directory", "write ./"+item.text+" if you mean one, "+server+" for a server, and a home in full")
		case slices.ContainsFunc(x.To, same):
			r.tellAt(item, "the directory "+quote(item.text)+" is there already", "")
		}
		x.To = append(x.To, local.Folder(path))
	}
}

// likeAServer begins what people write for a server to other programs, or for
// their home to a shell. Nobody calls a directory so.
var likeAServer = regexp.MustCompile(`^(~[^/]*(/|$)|[^/:]+@[^/:]+:|[A-Za-z][A-Za-z0-9+.-]*:/([^/]|$))`)

// sameFolder reports whether two paths are of one directory, as far as it exists.
func sameFolder(a, b string) bool {
	if a == b {
		return true
	}
	one, err := os.Stat(a)
	other, otherErr := os.Stat(b)
	return err == nil && otherErr == nil && os.SameFile(one, other)
}

// server is the shape of a destination with a URL: the keys of all kinds.
var server = serverShape(Kinds)

func serverShape(kinds destination.Kinds) *shape {
	says := "a URL like " + kinds.Forms()
	url := required("url", &shape{kind: text, like: kinds.Pattern(), says: says}, "")
	fields := []field{url}
	var needed []string
	for _, k := range kinds {
		fields[0].doc = strings.TrimSpace(fields[0].doc + " " + k.Doc)
		needed = append(needed, k.NeedsOneOf...)
		for _, s := range k.Settings {
			for _, f := range settingFields(s) {
				if !slices.ContainsFunc(fields, func(g field) bool { return g.name == f.name }) {
					fields = append(fields, f)
				}
			}
		}
	}
	return keysOf(1, fields...).needs(needed...)
}

// settingFields are the keys that a setting is written with.
func settingFields(s destination.Setting) []field {
	of := map[destination.SettingType]*shape{destination.Text: {kind: text, says: s.Expected}, destination.Secret: hidden, destination.Path: path}
	fields := []field{optional(s.Name, of[s.Type], s.Doc)}
	if s.FromFile {
		fields = append(fields, optional(s.Name+"_file", path, "A file that holds the "+s.Name+", relative to this file."))
	}
	return fields
}

// readRemote reads a destination with a URL. What can be reported without a
// connection is reported now, and not in the night of its first run.
func (r *reader) readRemote(x *segments.Export, e *entry) {
	url := e.get("url")
	if url == nil {
		return // it was reported
	}
	r.hidePassword(url)
	named, err := Kinds.Parse(url.text, nil)
	switch {
	case err != nil:
		r.tellAt(url, err.Error(), "")
		return
	case slices.ContainsFunc(x.To, func(other segments.Destination) bool { return other.String() == named.String() }):
		r.tellAt(url, "the server's folder "+quote(named.String())+" is there already", "")
	}
	kind, _ := Kinds.Of(url.text)
	given, missing := r.readSettings(e, kind, named)
	d, err := Kinds.Parse(url.text, given)
	switch {
	case err != nil:
		r.tellAt(url, err.Error(), "")
		return
	case missing != nil:
		x.To = append(x.To, unready{d, missing})
		return
	}
	if err := d.Check(); err != nil && r.demand && !r.kept && e.sound() {
		r.tellAt(e, err.Error(), "")
	}
	x.To = append(x.To, d)
}

// readSettings reads what a destination is given beside its URL. missing says
// what is not to be had now: a variable that the environment lacks, or a file.
func (r *reader) readSettings(e *entry, kind destination.Kind, d destination.Remote) (given map[string]string, missing error) {
	given = map[string]string{}
	known := []string{"url"}
	for _, s := range kind.Settings {
		text, file := e.get(s.Name), s.Name+"_file"
		given[s.Name] = text.words()
		known = append(known, s.Name)
		if s.Type == destination.Path {
			given[s.Name] = r.absolute(given[s.Name])
		}
		if s.FromFile {
			known = append(known, file)
		}
		switch {
		case s.FromFile && e.has(s.Name) && e.has(file):
			r.tellKey(e, file, quote(s.Name)+" and "+quote(file)+" are both written", "keep one of them")
		case s.FromFile && e.has(file):
			var err error
			if given[s.Name], err = r.lineOf(e.get(file), s.Name); err != nil && missing == nil {
				missing = &destination.Error{Destination: d.String(), Err: err}
			}
		case s.Type == destination.Secret && text != nil && text.unset && missing == nil:
			missing = &destination.Error{Destination: d.String(), Advice: "set it, and try again",
				Err: errors.New("its " + s.Name + " is " + text.place.node.Value + ", which the environment does not have")}
		}
	}
	for name := range e.keys {
		if server.field(name) != nil && !slices.Contains(known, name) {
			r.tellKey(e, name, quote(name)+" is not a key of a "+kind.Scheme+" destination", "its keys are "+strings.Join(known, ", "))
		}
	}
	return given, missing
}

var passwordInURL = regexp.MustCompile(`://[^/]*:.*@`)

// hidePassword keeps a URL with a password out of all messages.
func (r *reader) hidePassword(url *entry) {
	if url != nil && passwordInURL.MatchString(url.text) {
		r.hide(url.place.node)
	}
}

// lineOf reads a secret, the one line of a file. The error is reported where
// secrets are demanded.
func (r *reader) lineOf(e *entry, secret string) (text string, err error) {
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
		err = errors.New(quote(e.text) + " holds no " + secret)
	case strings.ContainsAny(text, "\r\n"):
		err, hint = errors.New(quote(e.text)+" holds several lines"), "a "+secret+" is one"
	default:
		return text, nil
	}
	if r.demand && !r.kept {
		r.tellAt(e, err.Error(), hint)
	}
	return "", err
}

// unready is a destination of which something is missing now.
type unready struct {
	segments.Destination
	missing error
}

// Deliver implements [segments.Destination].
func (u unready) Deliver(context.Context, segments.Delivery) error { return u.missing }
