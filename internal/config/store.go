package config

import (
	"errors"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"winnow/internal/suggest"
	"winnow/internal/yamldoc"
	"winnow/store/location"
)

var storeURL = &yamldoc.Shape{Kind: yamldoc.Text, EditorPattern: `^(sqlite://[^?#%]*[^/?#%]|postgres(ql)?://([^/:@?#]+@)?[^/@?#]*/[^/?#]+(\?[^#]*)?)$`, Expect: "a store like sqlite://winnow.db"}

// The forms of a store, for hints.
const (
	likeFile   = "write sqlite:// and a path, like sqlite://winnow.db"
	likeServer = "write it like postgres://winnow@db.example.com:5432/winnow"
)

// readStore reads the location of the store, see [location].
func (r *reader) readStore(e, folder *yamldoc.Entry) string {
	if e == nil {
		return ""
	}
	if location.IsServer(e.Text()) {
		return r.readServerStore(e, folder)
	}
	hidePassword(e)
	path, ok := strings.CutPrefix(e.Text(), "sqlite://")
	switch {
	case ok && passwordInURL.MatchString(e.Text()):
		e.Report("the store is a file on this machine, and its URL names a user of a server", likeFile)
	case !ok:
		e.Report(yamldoc.Quote(e.Text())+" is not a store URL", likeFile)
	case path == "" || strings.HasSuffix(path, "/"):
		e.Report("the store URL lacks the name of a file", "write it like sqlite://winnow.db")
	case strings.ContainsAny(path, "?#%"):
		e.Report("the path of the store cannot have ?, # or %", "")
	default:
		if folder.Text() != "" {
			folder.Report("the files of this store are beside "+yamldoc.Quote(path), "remove this key: it is for a store on PostgreSQL")
		}
		return r.absolute(path)
	}
	return ""
}

// readServerStore reads the URL of a PostgreSQL server, and where its files on this host are.
func (r *reader) readServerStore(e, folder *yamldoc.Entry) string {
	r.onServer = true
	hidePassword(e)
	u, err := url.Parse(e.Text())
	if err != nil || strings.Contains(e.Text(), "#") {
		e.Report("this is not the URL of a PostgreSQL server", likeServer)
		return ""
	}
	if why, hint := checkServerURL(u); why != "" {
		e.Report(why, hint)
		return ""
	}
	return r.server(u, folder.Text())
}

// server is the location of a store on a server. Files that its URL names are relative to
// the config, and so is the folder; empty for that of the config.
func (r *reader) server(u *url.URL, folder string) string {
	given := u.Query()
	for _, p := range serverFiles {
		if path := given.Get(p); path != "" && path != systemRoots {
			given.Set(p, r.absolute(path))
		}
	}
	u.RawQuery = given.Encode()
	return location.Server(u, r.absolute(filepath.Clean(folder)))
}

// serverParameters are what the URL of a server may say, in the words of libpq and pgx.
// Those that are left out would change what a commit promises, or hold a secret.
var serverParameters = slices.Concat(serverFiles, []string{
	"host", "port", "user", "connect_timeout", "target_session_attrs", "application_name", "search_path",
	"sslmode", "sslcertmode", "sslnegotiation", "sslsni", "min_protocol_version", "max_protocol_version",
	"channel_binding", "require_auth", "krbspn", "krbsrvname",
	poolSize, "pool_max_conn_lifetime", "pool_max_conn_lifetime_jitter", "pool_max_conn_idle_time", "pool_health_check_period",
})

// serverFiles are the parameters that name a file.
var serverFiles = []string{"passfile", "sslcert", "sslkey", "sslrootcert"}

// systemRoots is the sslrootcert that means the authorities that the system trusts.
const systemRoots = "system"

const (
	poolSize  = "pool_max_conns"
	leastPool = 1
)

var sslModes = []string{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}

// checkServerURL says what is wrong with the URL of a server, and repeats nothing of it that
// may be a secret.
func checkServerURL(u *url.URL) (why, hint string) {
	_, password := u.User.Password()
	given := u.Query()
	unknown := slices.IndexFunc(names(given), func(name string) bool { return !slices.Contains(serverParameters, name) })
	switch mode, size := given.Get("sslmode"), given.Get(poolSize); {
	case password || given.Has("password") || given.Has("sslpassword"):
		return "the store URL has a password", "write it into a file that only winnow may read, a line host:port:database:user:password, and add passfile=FILE to the URL, or set PGPASSFILE or PGPASSWORD"
	case strings.Trim(u.Path, "/") == "":
		return "the store URL lacks the name of a database", likeServer
	case unknown >= 0:
		return "the store URL has an unknown parameter", suggest.Hint(names(given)[unknown], serverParameters)
	case given.Has("sslmode") && !slices.Contains(sslModes, mode):
		return "sslmode in the store URL is none of libpq's", suggest.Hint(mode, sslModes)
	case given.Has(poolSize) && !atLeast(size, leastPool):
		return poolSize + " in the store URL must be a whole number of at least " + strconv.Itoa(leastPool), "the default is the number of processors, and at least 4"
	case strings.Contains(u.Host+given.Get("host"), ",") && !slices.Contains([]string{"read-write", "primary"}, given.Get("target_session_attrs")):
		return "the store URL names several servers, and does not say that the one that can be written is meant", "add target_session_attrs=read-write"
	}
	return "", ""
}

// OnServer is the location of a store on the PostgreSQL server of that URL, as a config at
// path would have it whose files of the store are in the folder. The error repeats nothing
// of the URL.
func OnServer(text, path, folder string) (string, error) {
	config, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return "", err
	}
	u, err := url.Parse(text)
	if err != nil || !location.IsServer(text) || strings.Contains(text, "#") {
		return "", errors.New("this is not the URL of a PostgreSQL server; " + likeServer)
	}
	if why, hint := checkServerURL(u); why != "" {
		return "", errors.New(why + "; " + hint)
	}
	return (&reader{folder: config}).server(u, folder), nil
}

func atLeast(text string, least int) bool {
	n, err := strconv.Atoi(text)
	return err == nil && n >= least && n <= 1000
}

// names are the parameters in the order of the alphabet.
func names(given url.Values) (list []string) {
	for name := range given {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

// FindStore is the location of the store of a config that may have problems: from the
// file, if its store can be read, or else the default. The last good config is there.
func FindStore(path string) string {
	text, err := readStart(path, MaxSize)
	if err != nil {
		text = nil
	}
	folder, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		folder = filepath.Dir(path)
	}
	r, store := &reader{folder: folder}, yamldoc.Peek(text, "store")
	if u, err := url.Parse(store); err == nil && location.IsServer(store) {
		return r.server(u, yamldoc.Peek(text, "folder"))
	}
	name, ok := strings.CutPrefix(store, "sqlite://")
	if !ok || name == "" {
		name = "winnow.db"
	}
	return r.absolute(name)
}
