package destination

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
)

// SFTP is a folder on an SFTP server. It is made when it is missing.
type SFTP struct {
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
	usualPort = 22
	// home begins the paths of a URL that are relative to the login's folder.
	home = "/~/"
)

// ParseSFTP reads sftp://user@host[:port]/path. Its errors are sentences
// without a place. A password is refused: URLs stand in logs.
func ParseSFTP(text string) (SFTP, error) {
	var none SFTP
	u, err := url.Parse(text)
	if err != nil {
		// What the parser says may repeat the text, and with it a password.
		return none, fmt.Errorf("it is not a URL: write sftp://user@host/folder")
	}
	if _, has := u.User.Password(); has {
		return none, fmt.Errorf(`a URL stands in logs, so it takes no password: write password: "${NAME}" beside it`)
	}
	s := SFTP{User: u.User.Username(), Host: strings.ToLower(u.Hostname()), Port: usualPort}
	switch {
	case u.Scheme != "sftp":
		return none, fmt.Errorf("it does not begin with sftp://")
	case s.User == "":
		return none, fmt.Errorf("it does not say who logs in: write sftp://user@host/folder")
	case s.Host == "":
		return none, fmt.Errorf("it does not name the server: write sftp://user@host/folder")
	case u.Path == "":
		return none, fmt.Errorf("it does not name a folder: write sftp://user@host/folder, or sftp://user@host/~/folder for one in the login's own")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return none, fmt.Errorf("it ends in something that is no folder: write ? as %%3F and # as %%23")
	case strings.ContainsFunc(s.User+s.Host+u.Path, isControl):
		return none, fmt.Errorf("it has a character that can't be seen")
	}
	if u.Port() != "" {
		s.Port, err = strconv.Atoi(u.Port())
		if err != nil || s.Port < 1 || s.Port > 65535 {
			return none, fmt.Errorf("%q is not a port: it is a number from 1 to 65535", u.Port())
		}
	}
	s.Path = path.Clean(u.Path)
	if within, is := strings.CutPrefix(u.Path+"/", home); is {
		s.Path = path.Clean(within)
	}
	return s, nil
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// String is the URL of the folder, without secrets.
func (s SFTP) String() string {
	u := url.URL{Scheme: "sftp", User: url.User(s.User), Host: s.address(), Path: s.Path}
	if s.port() == usualPort {
		u.Host = strings.TrimSuffix(u.Host, ":"+strconv.Itoa(usualPort))
	}
	if !path.IsAbs(s.Path) {
		u.Path = path.Join(home, s.Path)
	}
	return u.String()
}

func (s SFTP) port() int { return cmp.Or(s.Port, usualPort) }

func (s SFTP) address() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.port())) }

// Check tells what can be told without a connection: whether there is a way to
// log in, whether keys and files can be read, whether the server's key can be
// checked.
func (s SFTP) Check() error {
	_, err := s.credentials()
	if err != nil {
		return err
	}
	trusted, err := s.trusted()
	if err != nil {
		return err
	}
	return trusted.knows()
}

// Deliver implements [segments.Remote].
func (s SFTP) Deliver(ctx context.Context, d segments.Delivery) error {
	return s.problem("delivering run "+d.Export+"/"+d.Run, s.deliver(ctx, d))
}

func (s SFTP) deliver(ctx context.Context, d segments.Delivery) error {
	p, err := pack(d)
	if err != nil {
		return err
	}
	c, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	folder := remoteFolder{connection: c, folder: path.Join(s.Path, d.Export), id: rand.Text()}
	return c.reason(folder.receive(p))
}
