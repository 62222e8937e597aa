package config

import (
	"context"
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"

	"winnow/internal/yamldoc"
	"winnow/segments"
	"winnow/segments/destination"
	"winnow/segments/destination/local"
	"winnow/segments/destination/sftp"
)

// Kinds are the kinds of destinations that a config can name by a URL. A new one is
// a line here: its keys, and what editors and people read about it, are in its Kind.
var Kinds = destination.Kinds{sftp.Kind}

// A target is a directory, or a destination with a URL.
var (
	target = &yamldoc.Shape{Kind: yamldoc.ItemOrMap, Item: PathShape, Map: server, Expect: "a directory, or a server like {url: " + Kinds.Forms() + ", …}"}
	server = serverShape(Kinds)
	// deliverySecret is a secret that only deliveries need, see [Options].
	deliverySecret = &yamldoc.Shape{Kind: yamldoc.Secret, Expect: "a secret"}
)

// serverShape is the shape of a destination with a URL: the keys of all kinds.
func serverShape(kinds destination.Kinds) *yamldoc.Shape {
	url := yamldoc.Field{Key: "url", Shape: &yamldoc.Shape{Kind: yamldoc.Text, EditorPattern: kinds.Pattern(), Expect: "a URL like " + kinds.Forms()}, Required: true}
	var fields []yamldoc.Field
	var needed []string
	for _, k := range kinds {
		url.Doc = strings.TrimSpace(url.Doc + " " + k.Doc)
		needed = append(needed, k.NeedsOneOf...)
		for _, s := range k.Settings {
			for _, f := range settingFields(s) {
				if !slices.ContainsFunc(fields, func(g yamldoc.Field) bool { return g.Key == f.Key }) {
					fields = append(fields, f)
				}
			}
		}
	}
	return &yamldoc.Shape{Kind: yamldoc.Object, Min: 1, AnyOf: needed, Fields: append([]yamldoc.Field{url}, fields...)}
}

// settingFields are the keys that a setting is written with.
func settingFields(s destination.Setting) []yamldoc.Field {
	shape := map[destination.SettingType]*yamldoc.Shape{
		destination.Text: {Kind: yamldoc.Text, Expect: s.Expected}, destination.Secret: deliverySecret, destination.Path: PathShape}
	fields := []yamldoc.Field{{Key: s.Name, Shape: shape[s.Type], Doc: s.Doc}}
	if s.FromFile {
		fields = append(fields, yamldoc.Field{Key: s.Name + "_file", Shape: PathShape, Doc: "File that holds the " + s.Name + ", relative to this file."})
	}
	return fields
}

// readTargets reads where an export goes.
func (r *reader) readTargets(x *segments.Export, e *yamldoc.Entry) {
	example := "{url: " + Kinds.Forms() + ", …}"
	var urls []string
	for _, item := range e.Items() {
		if !item.IsScalar() {
			urls = r.readRemote(x, item, urls)
			continue
		}
		hidePassword(item)
		path := r.absolute(item.Text())
		folders, _ := local.Split(x.To)
		same := func(other local.Folder) bool { return r.sameFolder(path, string(other)) }
		kind, known := Kinds.Of(item.Text())
		switch scheme, _, isURL := strings.Cut(item.Text(), "://"); {
		case known:
			item.Report("a server needs more than its URL", "write "+kind.Example)
		case isURL:
			item.Report("exports can't go to "+yamldoc.Quote(scheme+"://")+" yet", "write a directory, like ./exports, or a server, like "+example)
		case likeAServer.MatchString(item.Text()):
			item.Report(yamldoc.Quote(item.Text())+" looks like a server or a home directory, but it would be a directory of that name", "write ./"+item.Text()+" for a directory, "+example+" for a server, and a home directory in full")
		case slices.ContainsFunc(folders, same):
			item.Report("duplicate directory "+yamldoc.Quote(item.Text()), "")
		}
		x.To = append(x.To, local.Folder(path))
	}
}

// likeAServer begins what people write for a server in other programs, or for their
// home directory in a shell. Nobody names a directory like that.
var likeAServer = regexp.MustCompile(`^(~[^/]*(/|$)|[^/:]+@[^/:]+:|[A-Za-z][A-Za-z0-9+.-]*:/([^/]|$))`)

// sameFolder reports whether two paths are the same directory, as far as it exists.
func (r *reader) sameFolder(a, b string) bool {
	if a == b || r.options.Sealed {
		return a == b
	}
	one, err := os.Stat(a)
	other, otherErr := os.Stat(b)
	return err == nil && otherErr == nil && os.SameFile(one, other)
}

// readRemote reads a destination with a URL. It checks everything that needs no
// connection, so that the first run does not fail for it. urls are those of the
// export so far.
func (r *reader) readRemote(x *segments.Export, e *yamldoc.Entry, urls []string) []string {
	url := e.Get("url")
	if url == nil {
		return urls // reported already
	}
	hidePassword(url)
	named, err := Kinds.Parse(url.Text(), nil)
	switch {
	case err != nil:
		url.Report(err.Error(), "")
		return urls
	case slices.Contains(urls, named.String()):
		url.Report("duplicate server folder "+yamldoc.Quote(named.String()), "")
	}
	kind, _ := Kinds.Of(url.Text())
	given, missing := r.readSettings(e, kind, named)
	d, err := Kinds.Parse(url.Text(), given)
	switch {
	case err != nil:
		url.Report(err.Error(), "")
		return urls
	case missing != nil:
		x.To = append(x.To, unready{d, missing})
		return append(urls, named.String())
	}
	if !r.options.Sealed { // it reads the key and the known hosts
		if err := d.Check(); err != nil && r.options.Secrets == SecretsRequired && e.Valid() {
			e.Report(err.Error(), "")
		}
	}
	x.To = append(x.To, d)
	return append(urls, named.String())
}

// readSettings reads the settings of a destination. missing says which of them is
// not available now: an environment variable, or a file.
func (r *reader) readSettings(e *yamldoc.Entry, kind destination.Kind, d destination.Remote) (given map[string]string, missing error) {
	given = map[string]string{}
	known := []string{"url"}
	for _, s := range kind.Settings {
		text, file := e.Get(s.Name), s.Name+"_file"
		given[s.Name] = text.Text()
		known = append(known, s.Name)
		if s.Type == destination.Path {
			given[s.Name] = r.absolute(given[s.Name])
		}
		if s.FromFile {
			known = append(known, file)
		}
		switch {
		case s.FromFile && e.Has(s.Name) && e.Has(file):
			e.ReportKey(file, yamldoc.Quote(s.Name)+" and "+yamldoc.Quote(file)+" are both set", "keep one of them")
		case s.FromFile && e.Has(file):
			var err error
			if given[s.Name], err = r.secretLine(e.Get(file), s.Name); err != nil && missing == nil {
				missing = &destination.Error{Destination: d.String(), Err: err}
			}
		case s.Type == destination.Secret && text != nil && text.Unset() && missing == nil:
			missing = &destination.Error{Destination: d.String(), Advice: "set it and retry",
				Err: errors.New("its " + s.Name + " is " + text.Written() + ", which is not set")}
		}
	}
	for _, f := range server.Fields {
		if e.Has(f.Key) && !slices.Contains(known, f.Key) {
			e.ReportKey(f.Key, yamldoc.Quote(f.Key)+" is not a key of a "+kind.Scheme+" destination", "its keys are "+strings.Join(known, ", "))
		}
	}
	return given, missing
}

var passwordInURL = regexp.MustCompile(`://[^/]*:.*@`)

// hidePassword hides a URL with a password in all problems.
func hidePassword(url *yamldoc.Entry) {
	if url != nil && passwordInURL.MatchString(url.Text()) {
		url.MarkSecret()
	}
}

// secretLine reads a secret, the one line of a file. Its error is also reported where
// secrets are required.
func (r *reader) secretLine(e *yamldoc.Entry, secret string) (text string, err error) {
	if e == nil {
		return "", nil
	}
	if r.options.Sealed {
		return "", errors.New("files are not read here")
	}
	content, err := os.ReadFile(r.absolute(e.Text()))
	text = strings.TrimRight(string(content), "\r\n")
	hint := ""
	switch {
	case err != nil:
		err, hint = errors.New("cannot read "+yamldoc.Quote(e.Text())+": "+reasonOf(err)), "the path is relative to the config file"
	case text == "":
		err = errors.New(yamldoc.Quote(e.Text()) + " contains no " + secret)
	case strings.ContainsAny(text, "\r\n"):
		err, hint = errors.New(yamldoc.Quote(e.Text())+" contains more than one line"), "a "+secret+" file has one line"
	default:
		return text, nil
	}
	if r.options.Secrets == SecretsRequired {
		e.Report(err.Error(), hint)
	}
	return "", err
}

// unready is a destination whose secret is missing.
type unready struct {
	segments.Destination
	missing error
}

// Deliver implements [segments.Destination].
func (u unready) Deliver(context.Context, segments.Delivery) error { return u.missing }
