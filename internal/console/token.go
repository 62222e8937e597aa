package console

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// TokenFile is the name of the file that [MakeToken] makes beside the store.
const TokenFile = "winnow-admin.token"

// validToken is the form of a token. The config demands the same of one that it names.
var validToken = regexp.MustCompile(`^[A-Za-z0-9._~-]{16,}$`)

// MakeToken returns the token in the file at path. If there is no such file it makes
// one, with 128 random bits in hex and a line end, which only its owner can read, and
// reports created. Of several processes that make it at the same time one does.
//
// A file that other users can read, or that another user made, is an error: its token
// may be known.
func MakeToken(path string) (token string, created bool, err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		if err := checkOwner(path); err != nil {
			return "", false, err
		}
		token, err = ReadToken(path)
		return token, false, err
	}
	if err != nil {
		return "", false, fmt.Errorf("the admin token can't be made: %w; set admin.token, or let winnow write to that folder", err)
	}
	var random [16]byte
	rand.Read(random[:])
	token = hex.EncodeToString(random[:])
	_, err = file.WriteString(token + "\n")
	// Without Sync a power cut could leave an empty file, which stops the next start.
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return "", false, errors.Join(fmt.Errorf("the admin token can't be written: %w", err), os.Remove(path))
	}
	return token, true, nil
}

// checkOwner is an error if the file is another user's.
func checkOwner(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); ok && int(owner.Uid) != os.Geteuid() {
		return fmt.Errorf("%s belongs to another user, who may know the admin token; remove it and start winnow again, which makes a new one", path)
	}
	return nil
}

// ReadToken returns the token in a file that [MakeToken] made. A file that other users
// can read is an error, as are one that is not there and one without a token.
func ReadToken(path string) (string, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s: this is not a regular file, so it can't hold the admin token; remove it and start winnow again", path)
	}
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("%s: the mode %04o lets other users at the admin token; run chmod 600 on the file or, if someone may have read it, remove it and start winnow again, which makes a new one",
			path, info.Mode().Perm())
	}
	var text []byte
	for range 50 {
		if err == nil {
			text, err = os.ReadFile(path)
		}
		if err != nil || len(text) > 0 {
			break
		}
		time.Sleep(20 * time.Millisecond) // another process has made the file and is about to write it
	}
	if err != nil {
		return "", fmt.Errorf("the admin token can't be read: %w; let winnow read that file, or set admin.token", err)
	}
	token := strings.TrimSpace(string(text))
	if !validToken.MatchString(token) {
		return "", fmt.Errorf("%s: this is not one line with an admin token; remove the file and start winnow again, which makes a new one", path)
	}
	return token, nil
}
