package destination

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"winnow/segments"
)

// trusted is the key that the server must show. There is no way to do without:
// a list of phone numbers that goes to whoever answers is lost.
type trusted struct {
	server SFTP
	check  ssh.HostKeyCallback
	// kinds are the kinds of keys that are asked for, one connection for each
	// until one is right. A server shows one key, of the first kind that it has:
	// asked for another kind than is known it looks as if its key had changed.
	kinds [][]string
	known bool // whether there is any key to compare with
}

// kindsOfAll are the kinds of keys that a fingerprint, which does not tell its
// kind, may be of. A server has at most one of each, in practice.
var kindsOfAll = [][]string{
	{ssh.KeyAlgoED25519},
	{ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521},
	{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256},
}

var kindsOfCertificates = []string{
	ssh.CertAlgoED25519v01, ssh.CertAlgoECDSA256v01, ssh.CertAlgoECDSA384v01, ssh.CertAlgoECDSA521v01,
	ssh.CertAlgoRSASHA512v01, ssh.CertAlgoRSASHA256v01,
}

func (s SFTP) trusted() (trusted, error) {
	switch {
	case s.KnownHosts != "" && s.HostKey != "":
		return trusted{}, errors.New("the server's key is given twice: give either known_hosts or host_key")
	case s.KnownHosts != "":
		return s.trustFile()
	case strings.Contains(s.HostKey, "SHA256:"):
		return s.trustFingerprint()
	case s.HostKey != "":
		return s.trustKey()
	}
	return trusted{}, errors.New(`nothing tells the server's key: give known_hosts: FILE, or host_key: "SHA256:…" as ssh-keygen -lf prints it`)
}

func (s SFTP) trustFingerprint() (trusted, error) {
	const length = len("SHA256:") + 43              // base64 of 32 bytes, without padding
	_, want, _ := strings.Cut(s.HostKey, "SHA256:") // the line of ssh-keygen -lf has more before it and after
	want, _, _ = strings.Cut("SHA256:"+want, " ")
	if want = strings.TrimRight(want, "="); len(want) != length {
		return trusted{}, fmt.Errorf("host_key %s is no whole fingerprint: it has %d characters, one has %d", want, len(want), length)
	}
	check := func(_ string, _ net.Addr, shown ssh.PublicKey) error {
		if ssh.FingerprintSHA256(shown) == want {
			return nil
		}
		return changed(shown, "host_key is "+want)
	}
	return trusted{server: s, check: check, kinds: kindsOfAll, known: true}, nil
}

func (s SFTP) trustKey() (trusted, error) {
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(s.HostKey))
	if err != nil {
		return trusted{}, fmt.Errorf(`host_key is neither a fingerprint ("SHA256:…") nor a key ("ssh-ed25519 AAAA…")`)
	}
	check := func(_ string, _ net.Addr, shown ssh.PublicKey) error {
		if bytes.Equal(shown.Marshal(), key.Marshal()) {
			return nil
		}
		return changed(shown, "host_key is "+described(key))
	}
	return trusted{server: s, check: check, kinds: [][]string{algorithmsOf(key.Type())}, known: true}, nil
}

// trustFile trusts what known_hosts has for the server.
func (s SFTP) trustFile() (trusted, error) {
	text, err := os.ReadFile(s.KnownHosts)
	if err != nil {
		return trusted{}, fileProblem("known_hosts", s.KnownHosts, err)
	}
	lines := knownLines(text)
	inFile, err := knownIn(lines)
	if err != nil {
		return trusted{}, fileProblem("known_hosts", s.KnownHosts, err)
	}
	// The answer to a key that nobody has tells which ones are known.
	var kinds []string
	var known *knownhosts.KeyError
	if errors.As(inFile(s.address(), &net.TCPAddr{}, noKey{}), &known) {
		for _, k := range known.Want {
			if bytes.HasPrefix(bytes.TrimSpace(lines[k.Line-1]), []byte("@cert-authority")) {
				kinds = append(kinds, kindsOfCertificates...)
			} else {
				kinds = append(kinds, algorithmsOf(k.Key.Type())...)
			}
		}
	}
	t := trusted{server: s, kinds: [][]string{kinds}, known: known != nil && len(known.Want) > 0}
	t.check = func(address string, remote net.Addr, shown ssh.PublicKey) error {
		return s.fileVerdict(shown, inFile(address, remote, shown))
	}
	return t, nil
}

// knownLines are the lines of a known_hosts. Those that can't be read are left
// empty, as OpenSSH skips them too: kinds of keys that are not known here, and
// what is no key.
func knownLines(text []byte) [][]byte {
	lines := bytes.Split(withoutMark(text), []byte("\n"))
	if _, err := knownIn(lines); err == nil {
		return lines
	}
	for i, line := range lines {
		if _, err := knownIn([][]byte{line}); err != nil {
			lines[i] = nil
		}
	}
	return lines
}

// knownIn reads lines of a known_hosts. Its reader takes files only, so it is
// given a pipe.
func knownIn(lines [][]byte) (ssh.HostKeyCallback, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	go func() {
		_, _ = w.Write(bytes.Join(lines, []byte("\n"))) // who reads stops at a bad line
		w.Close()
	}()
	return knownhosts.New(fmt.Sprintf("/proc/self/fd/%d", r.Fd()))
}

// withoutMark takes away the mark that editors on Windows begin a text with.
func withoutMark(text []byte) []byte { return bytes.TrimPrefix(text, []byte("\ufeff")) }

func (s SFTP) fileVerdict(shown ssh.PublicKey, err error) error {
	var wrong *knownhosts.KeyError
	var revoked *knownhosts.RevokedError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &revoked):
		return keyError{fmt.Errorf("the server shows a key that is revoked in %s:%d, %s; nothing was sent", s.KnownHosts, revoked.Revoked.Line, described(shown))}
	case errors.As(err, &wrong) && len(wrong.Want) > 0:
		want := wrong.Want[0]
		for _, k := range wrong.Want {
			if k.Key.Type() == shown.Type() {
				want = k
			}
		}
		return changed(shown, fmt.Sprintf("%s:%d has %s", s.KnownHosts, want.Line, described(want.Key)))
	case errors.As(err, &wrong):
		return keyError{fmt.Errorf(`the server is not known: it shows the key %s; ask its owner whether that is right, then write host_key: %q, or add what %s prints to %s`,
			described(shown), ssh.FingerprintSHA256(shown), s.keyscan(), s.KnownHosts)}
	}
	return keyError{fmt.Errorf("the server's key is not right: %s", strings.TrimPrefix(err.Error(), "ssh: "))}
}

// knows says what to do when no key of the server is known.
func (t trusted) knows() error {
	if t.known {
		return nil
	}
	return fmt.Errorf("%s has no key of %s: add what %s prints, after its owner told that it is right", t.server.KnownHosts, t.server.Host, t.server.keyscan())
}

func (s SFTP) keyscan() string {
	if s.port() == usualPort {
		return "ssh-keyscan " + s.Host
	}
	return fmt.Sprintf("ssh-keyscan -p %d %s", s.port(), s.Host)
}

// keyError is a server's key that is not the one that it must be.
type keyError struct{ error }

// Is implements what [errors.Is] asks.
func (keyError) Is(target error) bool { return target == segments.ErrUnwelcome }

func changed(shown ssh.PublicKey, want string) error {
	return keyError{fmt.Errorf("the server's key has changed: it shows %s, but %s; somebody may stand in between, so nothing was sent, no password either; ask the server's owner before you change what is expected",
		described(shown), want)}
}

func described(k ssh.PublicKey) string { return k.Type() + " " + ssh.FingerprintSHA256(k) }

// algorithmsOf are the ways to sign with a kind of key.
func algorithmsOf(kind string) []string {
	if kind == ssh.KeyAlgoRSA {
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	return []string{kind}
}

// noKey is a key that no server has.
type noKey struct{}

func (noKey) Type() string                        { return "none" }
func (noKey) Marshal() []byte                     { return nil }
func (noKey) Verify([]byte, *ssh.Signature) error { return errors.New("this is no key") }
