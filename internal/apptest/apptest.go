// Package apptest has what tests of several packages need: a config, an open store,
// bounced contacts, files, and a disk that can be filled.
package apptest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/config"
	"winnow/store"
)

// Operations returns the operations on a new store, under [Config].
func Operations(t *testing.T) *app.Operations {
	t.Helper()
	return Open(t, Config(t, t.TempDir(), "1h"))
}

// Open returns the operations under the config at path, and closes its store when the
// test ends.
func Open(tb testing.TB, path string) *app.Operations {
	tb.Helper()
	a, err := app.Open(app.Options{Path: path, Secrets: config.SecretsRequired, Access: app.Creates})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { a.Close() })
	return &app.Operations{Config: a.Config, Store: a.Store}
}

// Bounce stores a hard bounce of a contact.
func Bounce(t *testing.T, s *store.Store, at hygiene.Instant, contact string) {
	t.Helper()
	e := hygiene.Event{ReceivedAt: at, At: at, Source: "insider", MessageID: "m-" + contact, Name: "undelivered", Code: "1400",
		Outcome: hygiene.HardBounce, Contact: contact, Body: []byte("{}")}
	if err := s.Append(context.Background(), []hygiene.Event{e}, nil); err != nil {
		t.Fatal(err)
	}
}

// ReadFile returns the text of a file.
func ReadFile(tb testing.TB, path string) string {
	tb.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

// Token is the provider's token in [Config].
const Token = "test-token-0123456789"

// AdminToken is the token of the admin server in [Config].
const AdminToken = "test-admin-0123456789"

// Config writes a config into folder and returns its path. Its daemon listens on free
// ports, and sweeps and exports at the interval every, such as 1h.
func Config(tb testing.TB, folder, every string) string {
	tb.Helper()
	text := fmt.Sprintf(`
listen: "127.0.0.1:0"
admin: {listen: "127.0.0.1:0", token: %s}
sources:
  - {name: insider, preset: insider, tokens: [%s]}
hygiene:
  sweep: "@every %s"
  rules:
    - {name: hard, when: {outcome: hard_bounce}, then: {suppress: {reason: hard_bounce}}}
    - {name: retry, when: {outcome: soft_bounce}, then: {retry: {after: [4h]}}}
segments:
  - {name: reachable, where: {status: active}}
  - {name: do-not-text, suppressed: only, columns: [contact, reasons]}
exports:
  - {name: nightly, schedule: "@every %s", segments: [reachable, do-not-text], formats: [csv, json], to: [./exports]}
`, AdminToken, Token, every, every)
	path := filepath.Join(folder, "winnow.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// Eventually waits until condition is true, and fails the test after 15 seconds.
func Eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if condition() {
			return
		}
	}
	t.Fatalf("not within 15 seconds: %s", what)
}

// Edit replaces text in a file; replace lists old and new in turn.
func Edit(t testing.TB, path string, replace ...string) {
	t.Helper()
	text := strings.NewReplacer(replace...).Replace(ReadFile(t, path))
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// SmallDisk mounts a disk of 8 MiB and returns its folder. The test is skipped when
// the user may not mount.
func SmallDisk(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if err := syscall.Mount("winnow", folder, "tmpfs", 0, "size=8m"); err != nil {
		t.Skipf("user %d can't mount a small disk: %v", os.Getuid(), err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(folder, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return folder
}
