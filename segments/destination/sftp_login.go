package destination

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/crypto/ssh"

	"winnow/segments"
)

// credentials are the ways to log in, and their names for people.
type credentials struct {
	methods []ssh.AuthMethod
	names   []string
}

// credentials reads the key. A password also answers a server that asks for it
// as a question, which many do.
func (s SFTP) credentials() (credentials, error) {
	var c credentials
	if s.Key != "" && s.KeyFile != "" {
		return c, errors.New("it has two keys: give either key or key_file")
	}
	if s.Key != "" || s.KeyFile != "" {
		key, err := s.signer()
		if err != nil {
			return c, err
		}
		c.methods = append(c.methods, ssh.PublicKeys(key))
		c.names = append(c.names, "the key "+ssh.FingerprintSHA256(key.PublicKey()))
	}
	if s.Password != "" {
		c.methods = append(c.methods, ssh.Password(s.Password), ssh.KeyboardInteractive(s.answer))
		c.names = append(c.names, "the password")
	}
	if len(c.methods) == 0 {
		return c, errors.New("nothing is given to log in with: give key_file, key or password")
	}
	return c, nil
}

// answer answers the questions of a server. Only what is not shown while it is
// typed is answered with the password.
func (s SFTP) answer(_, _ string, questions []string, shown []bool) ([]string, error) {
	answers := make([]string, len(questions))
	for i := range answers {
		if !shown[i] {
			answers[i] = s.Password
		}
	}
	return answers, nil
}

func (s SFTP) signer() (ssh.Signer, error) {
	text, name := []byte(s.Key), "the key"
	if s.KeyFile != "" {
		var err error
		if text, err = os.ReadFile(s.KeyFile); err != nil {
			return nil, fileProblem("the key", s.KeyFile, err)
		}
		name = "the key " + s.KeyFile
	}
	text = withoutMark(text)
	var key ssh.Signer
	var err error
	if s.Passphrase == "" {
		key, err = ssh.ParsePrivateKey(text)
	} else {
		key, err = ssh.ParsePrivateKeyWithPassphrase(text, []byte(s.Passphrase))
	}
	if err != nil {
		return nil, keyProblem(name, string(text), err)
	}
	return key, nil
}

// keyProblem says what a text is that is no private key, as far as that can be
// told. It never repeats the text.
func keyProblem(name, text string, err error) error {
	var locked *ssh.PassphraseMissingError
	switch {
	case errors.As(err, &locked):
		return fmt.Errorf("%s is locked: give its passphrase", name)
	case errors.Is(err, x509.IncorrectPasswordError):
		return fmt.Errorf("the passphrase does not open %s", name)
	case strings.HasPrefix(text, "PuTTY-"):
		return fmt.Errorf("%s is in PuTTY's format: turn it into OpenSSH's with puttygen -O private-openssh", name)
	case strings.HasPrefix(text, "ssh-"), strings.HasPrefix(text, "ecdsa-"):
		return fmt.Errorf("%s is a public key: give the private one, the file without .pub", name)
	case !strings.Contains(text, "-----BEGIN "):
		return fmt.Errorf(`%s is no private key: one begins with "-----BEGIN"`, name)
	case !strings.Contains(strings.TrimSpace(text), "\n"):
		return fmt.Errorf("%s has lost its line breaks, as it does on the way through some environments: give it with them, or its file as key_file", name)
	case strings.Contains(err.Error(), "not an encrypted key"), strings.Contains(err.Error(), "not password protected"):
		return fmt.Errorf("%s is not locked: take the passphrase away", name)
	}
	return fmt.Errorf("%s can't be read as a private key: make one with ssh-keygen -t ed25519", name)
}

func fileProblem(what, path string, err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return fmt.Errorf("%s %s can't be read: %w", what, path, err)
}

// denied tells whether a login ended because the server took none of the ways.
// The last of them may end in other words: a server that offers questions and
// has none answers with a plain no (51), and one that counts hangs up.
func denied(err error) bool {
	said := strings.ToLower(err.Error())
	for _, words := range []string{"unable to authenticate", "unexpected message type 51", "too many authentication failures", "disconnect, reason 14"} {
		if strings.Contains(said, words) {
			return true
		}
	}
	return false
}

// refused says which ways to log in the server did not take.
func (c credentials) refused(s SFTP) error {
	return refusedError(fmt.Sprintf("the server does not let %s in; tried %s", cmp.Or(s.User, "nobody"), strings.Join(c.names, " and ")))
}

type refusedError string

func (e refusedError) Error() string      { return string(e) }
func (refusedError) Is(target error) bool { return target == segments.ErrUnwelcome }
