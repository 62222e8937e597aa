package sftp

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
func (f Folder) credentials() (credentials, error) {
	var c credentials
	if f.Key != "" && f.KeyFile != "" {
		return c, errors.New("it has two keys: give either key or key_file")
	}
	if f.Key != "" || f.KeyFile != "" {
		key, err := f.signer()
		if err != nil {
			return c, err
		}
		c.methods = append(c.methods, ssh.PublicKeys(key))
		c.names = append(c.names, "the key "+ssh.FingerprintSHA256(key.PublicKey()))
	}
	if f.Password != "" {
		c.methods = append(c.methods, ssh.Password(f.Password), ssh.KeyboardInteractive(f.answer))
		c.names = append(c.names, "the password")
	}
	if len(c.methods) == 0 {
		return c, errors.New("nothing is given to log in with: give key_file, key or password")
	}
	return c, nil
}

// answer answers the questions of a server. Only a question whose answer is hidden
// while it is typed gets the password.
func (f Folder) answer(_, _ string, questions []string, shown []bool) ([]string, error) {
	answers := make([]string, len(questions))
	for i := range answers {
		if !shown[i] {
			answers[i] = f.Password
		}
	}
	return answers, nil
}

func (f Folder) signer() (ssh.Signer, error) {
	text, name := []byte(f.Key), "the key"
	if f.KeyFile != "" {
		var err error
		if text, err = os.ReadFile(f.KeyFile); err != nil {
			return nil, fileError("the key", f.KeyFile, err)
		}
		name = "the key " + f.KeyFile
	}
	text = withoutBOM(text)
	var key ssh.Signer
	var err error
	if f.Passphrase == "" {
		key, err = ssh.ParsePrivateKey(text)
	} else {
		key, err = ssh.ParsePrivateKeyWithPassphrase(text, []byte(f.Passphrase))
	}
	if err != nil {
		return nil, keyError(name, string(text), err)
	}
	return key, nil
}

// keyError says, as far as it shows, what a text is that is not a usable private
// key. It never repeats the text.
func keyError(name, text string, err error) error {
	var locked *ssh.PassphraseMissingError
	switch {
	case errors.As(err, &locked):
		return fmt.Errorf("%s is locked: give its passphrase", name)
	case errors.Is(err, x509.IncorrectPasswordError):
		return fmt.Errorf("the passphrase does not open %s", name)
	case strings.HasPrefix(text, "PuTTY-"):
		return fmt.Errorf("%s is in PuTTY's format: convert it to OpenSSH's with puttygen -O private-openssh", name)
	case strings.HasPrefix(text, "ssh-"), strings.HasPrefix(text, "ecdsa-"):
		return fmt.Errorf("%s is a public key: give the private one, the file without .pub", name)
	case !strings.Contains(text, "-----BEGIN "):
		return fmt.Errorf(`%s is not a private key, which begins with "-----BEGIN"`, name)
	case !strings.Contains(strings.TrimSpace(text), "\n"):
		return fmt.Errorf("%s has lost its line breaks, as happens in some environments: give it with them, or its file as key_file", name)
	case strings.Contains(err.Error(), "not an encrypted key"), strings.Contains(err.Error(), "not password protected"):
		return fmt.Errorf("%s is not locked: remove the passphrase", name)
	}
	return fmt.Errorf("%s can't be read as a private key: make one with ssh-keygen -t ed25519", name)
}

func fileError(what, path string, err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return fmt.Errorf("%s %s can't be read: %w", what, path, err)
}

// isLoginRefused reports whether the server accepted none of the ways to log in.
// The library has no error value for it. The end may also have other words: a
// server that offers questions and has none answers with message 51, and one that
// counts attempts disconnects.
func isLoginRefused(err error) bool {
	text := strings.ToLower(err.Error())
	for _, words := range []string{"unable to authenticate", "unexpected message type 51", "too many authentication failures", "disconnect, reason 14"} {
		if strings.Contains(text, words) {
			return true
		}
	}
	return false
}

// refused says which ways to log in the server did not accept.
func (c credentials) refused(f Folder) error {
	return loginError(fmt.Sprintf("the server does not let %s in; tried %s", cmp.Or(f.User, "nobody"), strings.Join(c.names, " and ")))
}

type loginError string

func (e loginError) Error() string { return string(e) }

func (loginError) Is(target error) bool { return target == segments.ErrAuth }
