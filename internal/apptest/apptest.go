// Package apptest is what tests of the rooms above app share: a config, an open
// store, contacts that bounced, files and small disks.
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

// Operations are the operations on a new store, under testConfig.
func Operations(t *testing.T) *app.Operations {
	t.Helper()
	return Open(t, Config(t, t.TempDir(), "1h"))
}

// Open are the operations under the config of that path.
func Open(tb testing.TB, path string) *app.Operations {
	tb.Helper()
	a, err := app.Open(app.Options{Path: path, Secrets: config.SecretsRequired, Create: true})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { a.Close() })
	return &app.Operations{Config: a.Config, Store: a.Store}
}

// Bounce records a hard bounce.
func Bounce(t *testing.T, s *store.Store, at hygiene.Instant, contact string) {
	t.Helper()
	e := hygiene.Event{ReceivedAt: at, At: at, Source: "insider", MessageID: "m-" + contact, Name: "undelivered", Code: "1400",
		Outcome: hygiene.HardBounce, Contact: contact, Body: []byte("{}")}
	if err := s.Append(context.Background(), []hygiene.Event{e}, nil); err != nil {
		t.Fatal(err)
	}
}

// ReadFile is the text of a file.
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

// Config is a config whose daemon listens on free ports, and sweeps and
// exports so often.
func Config(tb testing.TB, folder, every string) string {
	tb.Helper()
	text := fmt.Sprintf(`
listen: "127.0.0.1:0"
admin: {listen: "127.0.0.1:0"}
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
`, Token, every, every)
	path := filepath.Join(folder, "winnow.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// Eventually waits until ask is true, and fails when it does not become so soon.
func Eventually(t *testing.T, what string, ask func() bool) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if ask() {
			return
		}
	}
	t.Fatalf("it did not become so: %s", what)
}

// Edit replaces texts in a file: old and new in turn.
func Edit(t *testing.T, path string, replace ...string) {
	t.Helper()
	text := strings.NewReplacer(replace...).Replace(ReadFile(t, path))
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// SmallDisk is a disk of 8 MiB of its own, which only root can make.
func SmallDisk(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if err := syscall.Mount("winnow", folder, "tmpfs", 0, "size=8m"); err != nil {
		t.Skipf("no small disk to fill here (user %d): %v", os.Getuid(), err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(folder, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return folder
}
