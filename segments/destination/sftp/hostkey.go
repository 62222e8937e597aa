package sftp

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

// trusted is the host key that the server must show. It is always checked: a list
// of phone numbers that goes to the wrong server is lost.
type trusted struct {
	server Folder
	check  ssh.HostKeyCallback
	// kinds are the kinds of keys to ask for, one connection for each until one is
	// right. A server shows one key, of the first kind that it has: asked for
	// another kind than is known, it looks as if its key had changed.
	kinds [][]string
	known bool // whether there is any key to compare with
}

// allKeyKinds are the kinds of keys that a fingerprint, which does not say its
// kind, may be of. In practice a server has at most one of each.
var allKeyKinds = [][]string{
	{ssh.KeyAlgoED25519},
	{ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521},
	{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256},
}

var certificateKinds = []string{
	ssh.CertAlgoED25519v01, ssh.CertAlgoECDSA256v01, ssh.CertAlgoECDSA384v01, ssh.CertAlgoECDSA521v01,
	ssh.CertAlgoRSASHA512v01, ssh.CertAlgoRSASHA256v01,
}

func (f Folder) trusted() (trusted, error) {
	switch {
	case f.KnownHosts != "" && f.HostKey != "":
		return trusted{}, errors.New("the server's key is given twice: give either known_hosts or host_key")
	case f.KnownHosts != "":
		return f.trustFile()
	case strings.Contains(f.HostKey, "SHA256:"):
		return f.trustFingerprint()
	case f.HostKey != "":
		return f.trustKey()
	}
	return trusted{}, errors.New(`the server's key is not given: give known_hosts: FILE, or host_key: "SHA256:…" as ssh-keygen -lf prints it`)
}

func (f Folder) trustFingerprint() (trusted, error) {
	const length = len("SHA256:") + 43              // base64 of 32 bytes, without padding
	_, want, _ := strings.Cut(f.HostKey, "SHA256:") // the line of ssh-keygen -lf has more before it and after
	want, _, _ = strings.Cut("SHA256:"+want, " ")
	if want = strings.TrimRight(want, "="); len(want) != length {
		return trusted{}, fmt.Errorf("host_key %s is not a complete fingerprint: it has %d characters instead of %d", want, len(want), length)
	}
	check := func(_ string, _ net.Addr, shown ssh.PublicKey) error {
		if ssh.FingerprintSHA256(shown) == want {
			return nil
		}
		return changedKey(shown, "host_key is "+want)
	}
	return trusted{server: f, check: check, kinds: allKeyKinds, known: true}, nil
}

func (f Folder) trustKey() (trusted, error) {
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(f.HostKey))
	if err != nil {
		return trusted{}, fmt.Errorf(`host_key is neither a fingerprint ("SHA256:…") nor a key ("ssh-ed25519 AAAA…")`)
	}
	check := func(_ string, _ net.Addr, shown ssh.PublicKey) error {
		if bytes.Equal(shown.Marshal(), key.Marshal()) {
			return nil
		}
		return changedKey(shown, "host_key is "+described(key))
	}
	return trusted{server: f, check: check, kinds: [][]string{algorithmsOf(key.Type())}, known: true}, nil
}

// trustFile trusts what known_hosts has for the server.
func (f Folder) trustFile() (trusted, error) {
	text, err := os.ReadFile(f.KnownHosts)
	if err != nil {
		return trusted{}, fileError("known_hosts", f.KnownHosts, err)
	}
	lines := readableLines(text)
	inFile, err := parseKnownHosts(lines)
	if err != nil {
		return trusted{}, fileError("known_hosts", f.KnownHosts, err)
	}
	// The error for a key that no server has lists the keys that are known.
	var kinds []string
	var known *knownhosts.KeyError
	if errors.As(inFile(f.address(), &net.TCPAddr{}, noKey{}), &known) {
		for _, k := range known.Want {
			if bytes.HasPrefix(bytes.TrimSpace(lines[k.Line-1]), []byte("@cert-authority")) {
				kinds = append(kinds, certificateKinds...)
			} else {
				kinds = append(kinds, algorithmsOf(k.Key.Type())...)
			}
		}
	}
	t := trusted{server: f, kinds: [][]string{kinds}, known: known != nil && len(known.Want) > 0}
	t.check = func(address string, remote net.Addr, shown ssh.PublicKey) error {
		return f.explainKnownHosts(shown, inFile(address, remote, shown))
	}
	return t, nil
}

// readableLines are the lines of a known_hosts file. Those that can't be read are
// left empty, as OpenSSH skips them too: unknown kinds of keys, and what is not a
// key.
func readableLines(text []byte) [][]byte {
	lines := bytes.Split(withoutBOM(text), []byte("\n"))
	if _, err := parseKnownHosts(lines); err == nil {
		return lines
	}
	for i, line := range lines {
		if _, err := parseKnownHosts([][]byte{line}); err != nil {
			lines[i] = nil
		}
	}
	return lines
}

// parseKnownHosts reads lines of a known_hosts file. The library reads only files,
// so it gets a pipe.
func parseKnownHosts(lines [][]byte) (ssh.HostKeyCallback, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	go func() {
		_, _ = w.Write(bytes.Join(lines, []byte("\n"))) // the reader stops at a bad line
		w.Close()
	}()
	return knownhosts.New(fmt.Sprintf("/proc/self/fd/%d", r.Fd()))
}

// withoutBOM removes the byte order mark that editors on Windows begin a text with.
func withoutBOM(text []byte) []byte { return bytes.TrimPrefix(text, []byte("\ufeff")) }

func (f Folder) explainKnownHosts(shown ssh.PublicKey, err error) error {
	var wrong *knownhosts.KeyError
	var revoked *knownhosts.RevokedError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &revoked):
		return hostKeyError{fmt.Errorf("the server shows a key that is revoked in %s:%d, %s; nothing was sent", f.KnownHosts, revoked.Revoked.Line, described(shown))}
	case errors.As(err, &wrong) && len(wrong.Want) > 0:
		want := wrong.Want[0]
		for _, k := range wrong.Want {
			if k.Key.Type() == shown.Type() {
				want = k
			}
		}
		return changedKey(shown, fmt.Sprintf("%s:%d has %s", f.KnownHosts, want.Line, described(want.Key)))
	case errors.As(err, &wrong):
		return hostKeyError{fmt.Errorf(`the server is not known: it shows the key %s; ask its owner whether that is right, then write host_key: %q, or add what %s prints to %s`,
			described(shown), ssh.FingerprintSHA256(shown), f.keyscan(), f.KnownHosts)}
	}
	return hostKeyError{fmt.Errorf("the server's key is not right: %s", strings.TrimPrefix(err.Error(), "ssh: "))}
}

// hasKey says what to do when no key of the server is known.
func (t trusted) hasKey() error {
	if t.known {
		return nil
	}
	return fmt.Errorf("%s has no key of %s: add what %s prints, after its owner confirmed it", t.server.KnownHosts, t.server.Host, t.server.keyscan())
}

func (f Folder) keyscan() string {
	if f.port() == defaultPort {
		return "ssh-keyscan " + f.Host
	}
	return fmt.Sprintf("ssh-keyscan -p %d %s", f.port(), f.Host)
}

// hostKeyError is a host key that is not the expected one.
type hostKeyError struct{ error }

// Is implements what [errors.Is] asks.
func (hostKeyError) Is(target error) bool { return target == segments.ErrAuth }

func changedKey(shown ssh.PublicKey, want string) error {
	return hostKeyError{fmt.Errorf("the server's key has changed: it shows %s, but %s; somebody may be intercepting the connection, so nothing was sent, not even a password; ask the server's owner before you change the expected key",
		described(shown), want)}
}

func described(k ssh.PublicKey) string { return k.Type() + " " + ssh.FingerprintSHA256(k) }

// algorithmsOf are the signature algorithms of a kind of key.
func algorithmsOf(kind string) []string {
	if kind == ssh.KeyAlgoRSA {
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	return []string{kind}
}

// noKey is a key that no server has.
type noKey struct{}

func (noKey) Type() string { return "none" }

func (noKey) Marshal() []byte { return nil }

func (noKey) Verify([]byte, *ssh.Signature) error { return errors.New("this is not a key") }
