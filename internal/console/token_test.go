package console

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

func TestATokenIsMadeOnceAndReadAgain(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0)) // which would leave the file open to all
	path := filepath.Join(t.TempDir(), TokenFile)
	made, created, err := MakeToken(path)
	if err != nil || !created || !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(made) {
		t.Fatalf("made %q, %v, %v", made, created, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("the file has mode %v, %v", info.Mode(), err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != made+"\n" {
		t.Errorf("the file holds %q, %v", text, err)
	}
	if again, created, err := MakeToken(path); err != nil || created || again != made {
		t.Errorf("read %q, %v, %v", again, created, err)
	}
	if other, _, err := MakeToken(filepath.Join(t.TempDir(), TokenFile)); err != nil || other == made {
		t.Errorf("another store has the token %q, %v", other, err)
	}
}

func TestATokenFileThatOthersCanUseIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), TokenFile)
	made, _, err := MakeToken(path)
	if err != nil {
		t.Fatal(err)
	}
	for mode, ok := range map[fs.FileMode]bool{0o600: true, 0o400: true, 0o640: false, 0o604: false, 0o620: false, 0o644: false, 0o601: false} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, _, err := MakeToken(path)
		if ok != (err == nil) {
			t.Errorf("with mode %04o: %v", mode, err)
		}
		if err != nil && (!strings.Contains(err.Error(), "chmod 600") || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), made)) {
			t.Errorf("the error does not say what to do: %v", err)
		}
	}
}

func TestATokenThatAnotherUserMadeIsRefused(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file away")
	}
	path := filepath.Join(t.TempDir(), TokenFile)
	if err := os.WriteFile(path, []byte("planted-0123456789abcdef\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(path, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	if token, _, err := MakeToken(path); err == nil || token != "" || !strings.Contains(err.Error(), "belongs to another user") {
		t.Errorf("a daemon takes %q, %v", token, err)
	}
	if _, err := ReadToken(path); err != nil { // root may read the daemon's
		t.Error(err)
	}
}

func TestAFileThatHoldsNoTokenIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), TokenFile)
	for text, ok := range map[string]bool{
		"": false, "\n": false, "short\n": false, strings.Repeat("a b ", 20): false, strings.Repeat("x", 16) + "\n" + strings.Repeat("y", 16): false, "0123456789abcde\x00": false,
		"0123456789abcdef": true, "  0123456789abcdef\r\n": true,
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if token, _, err := MakeToken(path); ok != (err == nil) || ok && token != "0123456789abcdef" || !ok && !strings.Contains(err.Error(), "remove the file and start winnow again") {
			t.Errorf("of %q the token is %q, %v", text, token, err)
		}
	}
	if _, _, err := MakeToken(t.TempDir()); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a directory: %v", err)
	}
	if _, _, err := MakeToken(filepath.Join(t.TempDir(), "no", TokenFile)); err == nil || !strings.Contains(err.Error(), "set admin.token") {
		t.Errorf("no directory: %v", err)
	}
}

func TestOfSeveralThatMakeATokenOneDoes(t *testing.T) {
	path := filepath.Join(t.TempDir(), TokenFile)
	var made atomic.Int64
	var tokens sync.Map
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			token, created, err := MakeToken(path)
			if err != nil {
				t.Error(err)
			}
			if created {
				made.Add(1)
			}
			tokens.Store(token, true)
		})
	}
	all.Wait()
	different := 0
	tokens.Range(func(any, any) bool { different++; return true })
	if made.Load() != 1 || different != 1 {
		t.Errorf("%d made a token, and there are %d", made.Load(), different)
	}
}
