// Package sftp is a folder on an SFTP server, to which published runs are
// delivered.
//
// # A run is there as a whole, or not at all
//
// A run is uploaded into a folder with a temporary name, the manifest last; then
// the folder is renamed, and then latest is swapped. The protocol can't exchange
// two folders: a run that is replaced is moved aside first, so for a moment it is
// not there. Nor can it sync a folder: files are synced where the server supports
// fsync@openssh.com; when their names reach the disk is up to the server.
//
// Several deliveries to one folder may run at the same time. What a delivery makes
// beside the runs has a random name. Leftovers are removed once they have not
// changed for six hours by the server's clock, and renamed before that. A run is
// compared with its manifest, by names and lengths, before it is published and
// again after.
//
// # What is checked
//
// What is sent is hashed while it is read here, and compared with the manifest.
// SSH protects it on the way. If a server stops half way, the size differs from
// what was sent. Many packets are on their way at the same time, in order. A
// server may write a later one after it failed to write an earlier one, so after a
// failure a size proves little; but each packet is answered, one bad answer ends
// the delivery, and what was uploaded is then never given the run's name. Reading
// everything back would prove no more than the server's answers do.
//
// The server must show the expected host key before anything is sent, passwords
// included. There is no setting that turns this off.
//
// # Servers differ
//
// Servers on Windows, and gateways to object stores (AWS Transfer Family, SFTPGo
// with S3, Google's or Azure's), have no symlinks or keep them to administrators:
// runs come without latest. Where S3 is the storage, a folder that holds something
// can't be renamed, since it is only the beginning of its files' names: there the
// run's folder is made and the files are renamed into it, one by one, the manifest
// last. A server that copies when it renames a folder (SFTPGo can be configured
// to) shows the files in an order of its own. So readers on a server should take a
// run once its manifest is there and all files have the sizes that it says.
//
// # Where to change what
//
// URLs and settings: folder.go. Logging in: login.go. Which host keys are
// trusted: hostkey.go. How a run gets its name: publish.go. What errors say:
// errors.go. Faults of servers, for tests: package sftptest.
package sftp

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/url"
	"path"
	"strconv"
	"strings"

	"winnow/segments"
	"winnow/segments/destination"
)

// Kind is how a config chooses an SFTP server.
var Kind = destination.Kind{
	Scheme:  "sftp",
	Form:    urlForm,
	Pattern: "^sftp://[^@/]+@[^/]+/",
	Example: `{url: sftp://user@host/folder, key_file: FILE, known_hosts: FILE}; a password is password: "${NAME}"`,
	Doc:     "The folder on the server, as sftp://user@host/folder; with /~/folder it lies in the login's own folder. Runs are made here first, and delivered there.",
	Settings: []destination.Setting{
		{Name: "key_file", Type: destination.Path, Doc: "File of the private key to log in with, relative to this file; read at each delivery."},
		{Name: "key", Type: destination.Secret, Doc: "The private key itself, as from ${NAME}."},
		{Name: "passphrase", Type: destination.Secret, Doc: "What opens the private key."},
		{Name: "password", Type: destination.Secret, FromFile: true, Doc: "The password to log in with, as from ${NAME}."},
		{Name: "known_hosts", Type: destination.Path, Doc: "File of the servers' keys in OpenSSH's format, relative to this file; read at each delivery."},
		{Name: "host_key", Expected: `a server's key like "SHA256:…"`,
			Doc: "The server's key instead of known_hosts: SHA256:… as ssh-keygen -lf prints it, or the key itself, as ssh-keyscan prints it."},
	},
	NeedsOneOf: []string{"key_file", "key", "password", "password_file"},
	Parse: func(url string, given map[string]string) (destination.Remote, error) {
		f, err := Parse(url)
		f.Key, f.KeyFile, f.Passphrase, f.Password = given["key"], given["key_file"], given["passphrase"], given["password"]
		f.KnownHosts, f.HostKey = given["known_hosts"], given["host_key"]
		return f, err
	},
}

// Folder is a folder on an SFTP server. It is created when it is missing.
type Folder struct {
	User, Host string
	Port       int    // 22 when 0
	Path       string // absolute; or relative to the login's folder, which the URL writes as /~/in
	Password   string
	Key        string // a private key as PEM text; or
	KeyFile    string // its file, read at each delivery
	Passphrase string // of the key
	KnownHosts string // a file in OpenSSH's format, read at each delivery; or
	HostKey    string // the server's key: "SHA256:…" as ssh-keygen -lf prints it, or "ssh-ed25519 AAAA…"
}

const (
	urlForm     = "sftp://user@host/folder"
	defaultPort = 22
	// home begins the paths of a URL that are relative to the login's folder.
	home = "/~/"
)

// Parse reads sftp://user@host[:port]/path. Its errors complete the sentence
// "URL: ..." and never repeat the URL: it may hold a password. A password is
// refused, because URLs appear in logs.
func Parse(text string) (Folder, error) {
	fail := func(format string, args ...any) (Folder, error) { return Folder{}, fmt.Errorf(format, args...) }
	u, err := url.Parse(text)
	if err != nil {
		return fail("it is not a URL: write %s", urlForm)
	}
	if _, has := u.User.Password(); has {
		return fail(`a URL appears in logs, so it takes no password: write password: "${NAME}" beside it`)
	}
	f := Folder{User: u.User.Username(), Host: strings.ToLower(u.Hostname()), Port: defaultPort}
	switch {
	case u.Scheme != "sftp":
		return fail("it does not begin with sftp://")
	case f.User == "":
		return fail("it does not say who logs in: write %s", urlForm)
	case f.Host == "":
		return fail("it does not name the server: write %s", urlForm)
	case u.Path == "":
		return fail("it does not name a folder: write %s, or sftp://user@host/~/folder for one in the login's own", urlForm)
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return fail("it goes on after the folder: write ? as %%3F and # as %%23")
	case strings.ContainsFunc(f.User+f.Host+u.Path, isControl):
		return fail("it has a character that can't be seen")
	}
	if u.Port() != "" {
		f.Port, err = strconv.Atoi(u.Port())
		if err != nil || f.Port < 1 || f.Port > 65535 {
			return fail("%q is not a port: it is a number from 1 to 65535", u.Port())
		}
	}
	f.Path = path.Clean(u.Path)
	if within, is := strings.CutPrefix(u.Path+"/", home); is {
		f.Path = path.Clean(within)
	}
	return f, nil
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// String is the URL of the folder, without secrets.
func (f Folder) String() string {
	u := url.URL{Scheme: "sftp", User: url.User(f.User), Host: f.address(), Path: f.Path}
	if f.port() == defaultPort {
		u.Host = strings.TrimSuffix(u.Host, ":"+strconv.Itoa(defaultPort))
	}
	if !path.IsAbs(f.Path) {
		u.Path = path.Join(home, f.Path)
	}
	return u.String()
}

func (f Folder) port() int { return cmp.Or(f.Port, defaultPort) }

func (f Folder) address() string { return net.JoinHostPort(f.Host, strconv.Itoa(f.port())) }

// Check implements [destination.Remote]: there is a way to log in, keys and files
// can be read, and the server's key can be checked.
func (f Folder) Check() error {
	_, err := f.credentials()
	if err != nil {
		return err
	}
	trusted, err := f.trusted()
	if err != nil {
		return err
	}
	return trusted.hasKey()
}

// Deliver implements [segments.Destination].
func (f Folder) Deliver(ctx context.Context, d segments.Delivery) error {
	return f.failed("delivering run "+d.Export+"/"+d.Run, f.deliver(ctx, d))
}

func (f Folder) deliver(ctx context.Context, d segments.Delivery) error {
	if d.Keep < 1 {
		return fmt.Errorf("it would keep %d runs; at least 1 must be kept", d.Keep)
	}
	c, err := f.connect(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	to := exportFolder{connection: c, path: path.Join(f.Path, d.Export), id: rand.Text()}
	return c.explain(to.receive(d))
}
