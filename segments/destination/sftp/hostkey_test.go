package sftp

import (
	"crypto/ed25519"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"winnow/segments"
	"winnow/segments/destination/sftp/sftptest"
)

func written(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// unsent fails when anything was requested of the server.
func unsent(t *testing.T, s *sftptest.Server) {
	t.Helper()
	if did := s.Operations(); len(did) > 0 {
		t.Errorf("the server was asked for %q", did)
	}
}

func TestAChangedHostKeyIsRefused(t *testing.T) {
	s, other := sftptest.Serve(t), sftptest.Serve(t)
	d := deliveryAt(t, 1, 3)
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(other.HostKey))
	if err != nil {
		t.Fatal(err)
	}
	for name, set := range map[string]func(*Folder){
		"known_hosts": func(to *Folder) { to.KnownHosts = written(t, "# keys\n"+knownhosts.Line([]string{s.Addr}, key)+"\n") },
		"fingerprint": func(to *Folder) { to.HostKey = other.Fingerprint },
		"key":         func(to *Folder) { to.HostKey = other.HostKey },
	} {
		t.Run(name, func(t *testing.T) {
			to := folderOn(t, s)
			to.KnownHosts = ""
			set(&to)
			mustFail(t, to, d, "the server's key has changed", "it shows ssh-ed25519 "+s.Fingerprint, other.Fingerprint, "nothing was sent")
			unsent(t, s)
		})
	}
}

func TestARevokedHostKeyIsRefused(t *testing.T) {
	s := sftptest.Serve(t)
	to := folderOn(t, s)
	line, err := os.ReadFile(to.KnownHosts)
	if err != nil {
		t.Fatal(err)
	}
	to.KnownHosts = written(t, string(line)+"@revoked * "+s.HostKey+"\n")
	mustFail(t, to, deliveryAt(t, 1, 3), "revoked")
	unsent(t, s)
}

func TestAnUnknownHostIsRefusedWithItsFingerprint(t *testing.T) {
	s := sftptest.Serve(t)
	to := folderOn(t, s)
	to.KnownHosts = written(t, "example.com "+s.HostKey+"\n")
	mustFail(t, to, deliveryAt(t, 1, 3), "is not known", `host_key: "`+s.Fingerprint+`"`, "ssh-keyscan -p ", to.KnownHosts)
	unsent(t, s)
	if err := to.Check(); err == nil || !strings.Contains(err.Error(), "has no key of 127.0.0.1") {
		t.Errorf("the check says %v", err)
	}
}

func TestAServerIsKnownByAnyOfItsKeys(t *testing.T) {
	s := sftptest.Serve(t, sftptest.HostKeys("rsa", "ecdsa", "ed25519"))
	d := deliveryAt(t, 1, 3)
	all, err := os.ReadFile(s.KnownHosts(t))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(all)) {
		hosts, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(rest))
		if err != nil {
			t.Fatal(err)
		}
		for name, set := range map[string]func(*Folder){
			"known_hosts": func(to *Folder) { to.KnownHosts = written(t, line) },
			"hashed":      func(to *Folder) { to.KnownHosts = written(t, knownhosts.HashHostname(hosts)+" "+rest+"\n") },
			"fingerprint": func(to *Folder) { to.HostKey = ssh.FingerprintSHA256(key) },
			"keygen":      func(to *Folder) { to.HostKey = "256 " + ssh.FingerprintSHA256(key) + " root@files (ANY)" },
			"key":         func(to *Folder) { to.HostKey = rest },
			"keyscan":     func(to *Folder) { to.HostKey = line },
		} {
			t.Run(key.Type()+" by "+name, func(t *testing.T) {
				to := folderOn(t, s)
				to.KnownHosts = ""
				set(&to)
				if err := to.Check(); err != nil {
					t.Error(err)
				}
				deliver(t, to, d)
			})
		}
	}
}

func TestAServerWithoutTheKindOfKeyThatIsKnownIsRefused(t *testing.T) {
	s, rsa := sftptest.Serve(t), sftptest.Serve(t, sftptest.HostKeys("rsa"))
	to := folderOn(t, s)
	to.KnownHosts, to.HostKey = "", rsa.HostKey
	mustFail(t, to, deliveryAt(t, 1, 3), "no host key of the expected kind", "rsa-sha2-512")
	unsent(t, s)
}

func TestTheServersKeyIsAlwaysChecked(t *testing.T) {
	s := sftptest.Serve(t)
	d := deliveryAt(t, 1, 3)
	for want, set := range map[string]func(*Folder){
		"the server's key is not given":  func(to *Folder) { to.KnownHosts = "" },
		"is given twice":                 func(to *Folder) { to.HostKey = s.Fingerprint },
		"known_hosts /nowhere can't be":  func(to *Folder) { to.KnownHosts = "/nowhere" },
		"file has no key of 127.0.0.1":   func(to *Folder) { to.KnownHosts = written(t, s.Addr+" ssh-ed25519 broken\n") },
		"has no key of 127.0.0.1":        func(to *Folder) { to.KnownHosts = written(t, "") },
		"is not a complete fingerprint":  func(to *Folder) { to.KnownHosts, to.HostKey = "", "SHA256:abc" },
		"neither a fingerprint":          func(to *Folder) { to.KnownHosts, to.HostKey = "", "any" },
		"nothing is given to log in":     func(to *Folder) { to.KeyFile = "" },
		"it has two keys":                func(to *Folder) { to.Key = s.ClientKey() },
		"the key /nowhere can't be":      func(to *Folder) { to.KeyFile = "/nowhere" },
		"is a public key":                func(to *Folder) { to.KeyFile, to.Key = "", s.HostKey },
		"is in PuTTY's format":           func(to *Folder) { to.KeyFile, to.Key = "", "PuTTY-User-Key-File-3: ssh-ed25519" },
		`begins with "-----BEGIN"`:       func(to *Folder) { to.KeyFile, to.Key = "", "secret" },
		"can't be read as a private key": func(to *Folder) { to.KeyFile, to.Key = "", "-----BEGIN RSA PRIVATE KEY-----\nsecret" },
		"is not locked":                  func(to *Folder) { to.Passphrase = "secret" },
	} {
		to := folderOn(t, s)
		set(&to)
		if err := to.Check(); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("the check says %v, want %q", err, want)
		}
		if err := to.Deliver(t.Context(), d); err == nil {
			t.Errorf("delivered; want %q", want)
		}
	}
	unsent(t, s)
	if err := folderOn(t, s).Check(); err != nil {
		t.Error(err)
	}
}

func TestLinesThatCantBeReadAreSkipped(t *testing.T) {
	s := sftptest.Serve(t)
	line, err := os.ReadFile(s.KnownHosts(t))
	if err != nil {
		t.Fatal(err)
	}
	host, _, _ := strings.Cut(string(line), " ")
	junk := host + " ssh-xmss@openssh.com AAAAFXNzaC14bXNzQG9wZW5zc2guY29t\n" +
		host + " ssh-rsa " + strings.Fields(s.HostKey)[1] + "\n" +
		"@revoked * sk-ssh-ed25519@openssh.com AAAA\n@strange " + string(line) +
		"<html>\n|9|x|y " + s.HostKey + "\n" + strings.Repeat("x", 100_000) + "\nhost\n"
	d := deliveryAt(t, 1, 3)
	for name, text := range map[string]string{
		"before": junk + string(line), "after": string(line) + junk,
		"mark": "\ufeff" + string(line), "mark and junk": "\ufeff" + string(line) + junk,
		"line ends of Windows": strings.ReplaceAll("\ufeff"+junk+string(line), "\n", "\r\n"),
	} {
		to := folderOn(t, s)
		to.KnownHosts = written(t, text)
		if err := to.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		deliver(t, to, d)
	}
	before := len(s.Operations())
	to := folderOn(t, s)
	to.KnownHosts = written(t, "\ufeff"+junk+"@revoked * "+s.HostKey+"\r\n"+string(line))
	mustFail(t, to, d, to.KnownHosts+":9, ", "revoked")
	to.KnownHosts = written(t, junk+"@revoked * "+s.HostKey+" with words after\n"+string(line))
	mustFail(t, to, d, "revoked")
	other := sftptest.Serve(t)
	to.KnownHosts = written(t, junk+host+" "+other.HostKey+"\n")
	mustFail(t, to, d, "the server's key has changed", to.KnownHosts+":9 has ssh-ed25519 "+other.Fingerprint)
	to.KnownHosts = written(t, junk)
	mustFail(t, to, d, "is not known")
	if did := s.Operations()[before:]; len(did) > 0 {
		t.Errorf("the server was asked for %q", did)
	}
}

func TestAKeyFileMayComeFromWindows(t *testing.T) {
	s := sftptest.Serve(t)
	windows := "\ufeff" + strings.ReplaceAll(s.ClientKey(), "\n", "\r\n")
	to, d := folderOn(t, s), deliveryAt(t, 1, 3)
	to.KeyFile = written(t, windows)
	deliver(t, to, d)
	to.KeyFile, to.Key = "", windows
	deliver(t, to, d)
}

func TestEachWayToLogInWorks(t *testing.T) {
	d := deliveryAt(t, 1, 3)
	for only, set := range map[string]func(*Folder, *sftptest.Server){
		"key":       func(to *Folder, s *sftptest.Server) { to.Key = s.ClientKey() },
		"password":  func(to *Folder, _ *sftptest.Server) { to.Password = sftptest.Password },
		"questions": func(to *Folder, _ *sftptest.Server) { to.Password = sftptest.Password },
	} {
		s := sftptest.Serve(t, sftptest.OnlyLogin(only))
		to := folderOn(t, s)
		to.KeyFile = ""
		set(&to, s)
		deliver(t, to, d)
		to.Password, to.Key, to.KeyFile = "wrong-horse", "", sftptest.Serve(t).ClientKeyFile(t)
		mustFail(t, to, d, "does not let winnow in", "the key SHA256:", "and the password")
	}
}

// loginServer is a server that accepts logins as config says; then is called for each.
func loginServer(t *testing.T, config *ssh.ServerConfig, then func(*ssh.ServerConn)) Folder {
	t.Helper()
	_, raw, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewSignerFromKey(raw)
	if err != nil {
		t.Fatal(err)
	}
	config.AddHostKey(key)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if conn, _, _, err := ssh.NewServerConn(c, config); err == nil {
				then(conn)
			}
			c.Close()
		}
	}()
	return Folder{User: "winnow", Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, Path: "/in", Password: "wrong-horse", HostKey: ssh.FingerprintSHA256(key.PublicKey())}
}

// OpenSSH without PAM offers questions and has none to ask.
func TestAWrongPasswordIsToldWhereNoQuestionsAreAsked(t *testing.T) {
	refuse := errors.New("not known here")
	for name, config := range map[string]*ssh.ServerConfig{
		"no questions": {
			PasswordCallback:            func(ssh.ConnMetadata, []byte) (*ssh.Permissions, error) { return nil, refuse },
			KeyboardInteractiveCallback: func(ssh.ConnMetadata, ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) { return nil, refuse },
		},
		"one trial": {
			MaxAuthTries:     1,
			PasswordCallback: func(ssh.ConnMetadata, []byte) (*ssh.Permissions, error) { return nil, refuse },
		},
	} {
		to := loginServer(t, config, func(*ssh.ServerConn) {})
		err := to.Deliver(t.Context(), deliveryAt(t, 1, 3))
		if err == nil || !strings.Contains(err.Error(), "the server does not let winnow in; tried the password") || !errors.Is(err, segments.ErrAuth) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// OpenSSH lets people in and hangs up when the folder that it locks them into
// may be written by others than root.
func TestAServerThatHangsUpAfterTheLoginIsTold(t *testing.T) {
	to := loginServer(t, &ssh.ServerConfig{NoClientAuth: true}, func(*ssh.ServerConn) {})
	mustFail(t, to, deliveryAt(t, 1, 3), "lets winnow in, and then closed the connection", "its log")
}

func TestAKeyThatLostItsLinesIsTold(t *testing.T) {
	s := sftptest.Serve(t)
	for _, between := range []string{" ", `\n`} {
		to := folderOn(t, s)
		to.KeyFile, to.Key = "", strings.ReplaceAll(s.ClientKey(), "\n", between)
		if err := to.Check(); err == nil || !strings.Contains(err.Error(), "the key has lost its line breaks") || strings.Contains(err.Error(), "ssh-keygen") {
			t.Errorf("lines that end with %q: %v", between, err)
		}
	}
}

func TestALockedKeyNeedsItsPassphrase(t *testing.T) {
	t.Parallel()
	s := sftptest.Serve(t)
	d := deliveryAt(t, 1, 3)
	to := folderOn(t, s)
	raw, err := ssh.ParseRawPrivateKey([]byte(s.ClientKey()))
	if err != nil {
		t.Fatal(err)
	}
	to.KeyFile, to.Passphrase = written(t, lock(t, raw, "open sesame")), "open sesame"
	deliver(t, to, d)
	to.Passphrase = "shut sesame"
	mustFail(t, to, d, "the passphrase does not open the key "+to.KeyFile)
	to.Passphrase = ""
	mustFail(t, to, d, to.KeyFile+" is locked")
}

func TestAServerThatCantBeReachedIsTold(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := sftptest.Serve(t)
	d := deliveryAt(t, 1, 3)
	to := folderOn(t, s)
	to.KnownHosts, to.HostKey = "", s.Fingerprint
	to.Port = l.Addr().(*net.TCPAddr).Port
	l.Close()
	mustFail(t, to, d, fmt.Sprintf("127.0.0.1:%d can't be reached: connection refused", to.Port))

	web, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer web.Close()
	go func() {
		for {
			c, err := web.Accept()
			if err != nil {
				return
			}
			fmt.Fprint(c, "HTTP/1.1 400 Bad Request\r\n\r\n"+strings.Repeat("nothing to see here\r\n", 100))
			c.Close()
		}
	}()
	to.Port = web.Addr().(*net.TCPAddr).Port
	mustFail(t, to, d, "before the login was done")

	files := sftptest.Serve(t, sftptest.NoSFTP())
	mustFail(t, folderOn(t, files), d, "turn SFTP on")
}

// lock is the key as PEM text that a passphrase opens.
func lock(t *testing.T, key any, passphrase string) string {
	t.Helper()
	block, err := ssh.MarshalPrivateKeyWithPassphrase(key, "", []byte(passphrase))
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(block))
}
