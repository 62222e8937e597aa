// Package sftptest is an SFTP server for tests: real SSH over TCP on 127.0.0.1,
// a temporary folder as its root, and the faults that servers have in the field,
// each an [Option].
//
// A server behaves as OpenSSH does where the protocol leaves a choice: a rename
// refuses a name that is taken, posix-rename@openssh.com replaces it, and most
// errors are reported as a bare failure. Everything is done beneath an [os.Root],
// so no test writes outside of the server's folder.
package sftptest

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// User and Password are the login that is accepted.
const (
	User     = "winnow"
	Password = "correct-horse-battery"
)

// Server is a running server.
type Server struct {
	Addr        string // host:port
	Root        string // the folder that is / for logins
	HostKey     string // its first key, as a line of authorized_keys
	Fingerprint string // of the same, "SHA256:…"

	faults   faults
	root     *os.Root
	config   ssh.ServerConfig
	keys     []ssh.Signer
	login    ssh.Signer // the key that User may log in with
	loginKey []byte     // the same as PEM
	closed   chan struct{}

	mu         sync.Mutex
	ended      sync.Cond // signaled when a connection has ended
	sessions   sync.WaitGroup
	conns      map[net.Conn]bool
	logins     int // connections so far
	operations []string
	written    int64
	cut        bool
}

// Serve starts a server whose root is a temporary folder; it ends with the test.
func Serve(t testing.TB, opts ...Option) *Server {
	t.Helper()
	s := &Server{Root: folder(t), closed: make(chan struct{}), conns: map[net.Conn]bool{}}
	s.ended.L = &s.mu
	s.faults.kinds = []string{"ed25519"}
	for _, o := range opts {
		o(&s.faults)
	}
	root, err := os.OpenRoot(s.Root)
	must(t, err)
	s.root = root
	s.loginKey = newKey(t, "ed25519")
	s.login = signer(t, s.loginKey)
	s.allow()
	for _, kind := range s.faults.kinds {
		s.keys = append(s.keys, signer(t, newKey(t, kind)))
		s.config.AddHostKey(s.keys[len(s.keys)-1])
	}
	s.HostKey = strings.TrimSpace(string(ssh.MarshalAuthorizedKey(s.keys[0].PublicKey())))
	s.Fingerprint = ssh.FingerprintSHA256(s.keys[0].PublicKey())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	s.Addr = l.Addr().String()
	s.sessions.Go(func() { s.accept(l) })
	t.Cleanup(func() { s.stop(l) })
	return s
}

// URL is the address of a folder of the server, such as "/in" or "/~/in".
func (s *Server) URL(user, path string) string {
	u := url.URL{Scheme: "sftp", User: url.User(user), Host: s.Addr, Path: path}
	return u.String()
}

// KnownHosts is a new file that has all keys of the server.
func (s *Server) KnownHosts(t testing.TB) string {
	t.Helper()
	var lines strings.Builder
	for _, k := range s.keys {
		lines.WriteString(knownhosts.Line([]string{s.Addr}, k.PublicKey()) + "\n")
	}
	return newFile(t, "known_hosts", []byte(lines.String()))
}

// ClientKeyFile is a new file with a private key that the server accepts.
func (s *Server) ClientKeyFile(t testing.TB) string {
	t.Helper()
	return newFile(t, "id_ed25519", s.loginKey)
}

// ClientKey is the same key as PEM text.
func (s *Server) ClientKey() string { return string(s.loginKey) }

// Operations lists what was requested of the server so far, in order, each as a
// verb and paths: "mkdir /in", "write /in/a", "close /in/a", "rename /in/a /in/b".
func (s *Server) Operations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.operations)
}

// Logins is how many connections there were so far.
func (s *Server) Logins() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logins
}

// Heal ends all faults, also of open connections. The ways to log in, and
// OnOperation, stay.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.faults
	s.faults = faults{kinds: f.kinds, only: f.only, home: f.home, watch: f.watch}
}

// currentFaults are the faults that the server has at present.
func (s *Server) currentFaults() faults {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults
}

func (s *Server) accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.logins++
		refused := s.logins <= s.faults.refuse
		s.conns[c] = true
		s.mu.Unlock()
		if refused {
			s.end(c)
			continue
		}
		s.sessions.Go(func() { s.serve(&line{Conn: c, server: s}) })
	}
}

func (s *Server) end(c net.Conn) {
	c.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	s.ended.Broadcast()
}

// WaitIdle waits until all connections have ended: the last operation of a line
// that was cut may still be under way.
func (s *Server) WaitIdle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.conns) > 0 {
		s.ended.Wait()
	}
}

func (s *Server) serve(c *line) {
	defer s.end(c.Conn)
	conn, channels, requests, err := ssh.NewServerConn(c, &s.config)
	if err != nil {
		return
	}
	defer conn.Close()
	go ssh.DiscardRequests(requests)
	if f := s.currentFaults(); f.chatter > 0 {
		go chat(conn, make([]byte, f.chatter), f.chatterPause)
	}
	for wanted := range channels {
		if wanted.ChannelType() != "session" {
			_ = wanted.Reject(ssh.UnknownChannelType, "only sessions")
			continue
		}
		channel, requests, err := wanted.Accept()
		if err != nil {
			return
		}
		s.session(c, channel, requests)
	}
}

// chat sends messages until the connection ends.
func chat(conn ssh.Conn, payload []byte, pause time.Duration) {
	for {
		if _, _, err := conn.SendRequest("keepalive@openssh.com", pause > 0, payload); err != nil {
			return
		}
		time.Sleep(pause)
	}
}

func (s *Server) session(c *line, channel ssh.Channel, requests <-chan *ssh.Request) {
	defer channel.Close()
	for r := range requests {
		sftpAsked := r.Type == "subsystem" && len(r.Payload) > 4 && string(r.Payload[4:]) == "sftp"
		if sftpAsked = sftpAsked && !s.currentFaults().noSFTP; !sftpAsked {
			_ = r.Reply(false, nil)
			continue
		}
		_ = r.Reply(true, nil)
		h := &handler{server: s, line: c}
		home := "/" + strings.TrimPrefix(s.currentFaults().home, "/")
		var wire io.ReadWriteCloser = channel
		if s.currentFaults().noExtensions {
			wire = &bareChannel{ReadWriteCloser: channel}
		}
		server := sftp.NewRequestServer(wire, sftp.Handlers{FileGet: h, FilePut: h, FileCmd: h, FileList: h}, sftp.WithStartDirectory(home))
		_ = server.Serve() // a line that is cut ends it
		return
	}
}

func (s *Server) stop(l net.Listener) {
	l.Close()
	close(s.closed)
	s.mu.Lock()
	for c := range s.conns {
		c.Close()
	}
	s.mu.Unlock()
	s.sessions.Wait()
	s.root.Close()
}

var errLogin = errors.New("not known here")

// allow sets the ways to log in.
func (s *Server) allow() {
	only := s.faults.only
	if only == "" || only == "key" {
		s.config.PublicKeyCallback = func(c ssh.ConnMetadata, k ssh.PublicKey) (*ssh.Permissions, error) {
			if c.User() == User && string(k.Marshal()) == string(s.login.PublicKey().Marshal()) {
				return nil, nil
			}
			return nil, errLogin
		}
	}
	if only == "" || only == "password" {
		s.config.PasswordCallback = func(c ssh.ConnMetadata, p []byte) (*ssh.Permissions, error) {
			if c.User() == User && string(p) == Password {
				return nil, nil
			}
			return nil, errLogin
		}
	}
	if only == "questions" {
		s.config.KeyboardInteractiveCallback = func(c ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
			answers, err := ask("", "", []string{"Password: "}, []bool{false})
			if err == nil && c.User() == User && len(answers) == 1 && answers[0] == Password {
				return nil, nil
			}
			return nil, errLogin
		}
	}
}

// newKey makes a private key, as PEM text.
func newKey(t testing.TB, kind string) []byte {
	t.Helper()
	var key any
	var err error
	switch kind {
	case "ed25519":
		_, key, err = ed25519.GenerateKey(rand.Reader)
	case "ecdsa":
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "rsa":
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	default:
		t.Fatalf("no kind of key is called %q", kind)
	}
	must(t, err)
	block, err := ssh.MarshalPrivateKey(key, "")
	must(t, err)
	return pem.EncodeToMemory(block)
}

func signer(t testing.TB, key []byte) ssh.Signer {
	t.Helper()
	k, err := ssh.ParsePrivateKey(key)
	must(t, err)
	return k
}

// folder is a new temporary folder, in memory where there is such a place: tests
// that cut lines at every operation start hundreds of servers.
func folder(t testing.TB) string {
	t.Helper()
	path, err := os.MkdirTemp("/dev/shm", "sftptest")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(path) })
	return path
}

func newFile(t testing.TB, name string, text []byte) string {
	t.Helper()
	path := filepath.Join(folder(t), name)
	must(t, os.WriteFile(path, text, 0o600))
	return path
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
