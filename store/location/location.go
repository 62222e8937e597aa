// Package location says what the text that names a store means.
//
// A store on this host is named by the path of its main file. A store on a PostgreSQL
// server is named by the server's URL, then # and a path on this host: beside that path
// lies what a daemon keeps on its own host, such as the outbox of deliveries, as it lies
// beside the main file of a store on this host. Only [Server] and [Files] know that form.
//
// A URL may have secrets. Whatever shows people where a store is shows [Shown].
package location

import (
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
)

// Server is the location of a store on the server of that URL, whose files on this host
// are in that folder.
func Server(url *url.URL, folder string) string {
	name := strings.TrimPrefix(url.Path, "/")
	if !plain.MatchString(name) {
		name = "winnow"
	}
	return url.String() + "#" + filepath.Join(folder, name)
}

// plain is the name of a database that is also one for files.
var plain = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

var server = regexp.MustCompile(`^postgres(ql)?://`)

// IsServer reports whether the store is on a server. Else the location is a path.
func IsServer(location string) bool { return server.MatchString(location) }

// URL is the URL of the server, with the secrets that it may have.
func URL(location string) string {
	url, _, _ := strings.Cut(location, "#")
	return url
}

// Shown is the location for people: the path, or the URL without any secret.
func Shown(location string) string {
	if !IsServer(location) {
		return location
	}
	u, err := url.Parse(URL(location))
	if err != nil {
		return "the PostgreSQL server of the config"
	}
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	if name := u.User.Username(); name != "" {
		shown.User = url.User(name)
	}
	return shown.String()
}

// Files is a path on this host, beside which the files of the store are: its main file,
// or a path at which there is nothing.
func Files(location string) string {
	if !IsServer(location) {
		return location
	}
	_, path, _ := strings.Cut(location, "#")
	return path
}

// Folder is the folder of [Files].
func Folder(location string) string { return filepath.Dir(Files(location)) }

// Beside is the folder of that name for what the store keeps in files beside its
// database: of winnow.db and outbox, winnow-outbox beside it.
func Beside(location, name string) string {
	path := Files(location)
	return strings.TrimSuffix(path, filepath.Ext(path)) + "-" + name
}
