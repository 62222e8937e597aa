package command

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"winnow/internal/apptest"
	"winnow/internal/exports"
	"winnow/segments/destination/sftp/sftptest"
)

// configWithServer writes a config whose export goes to a directory and to a server.
func configWithServer(t *testing.T, server *sftptest.Server, every string) (path, url string) {
	t.Helper()
	path = apptest.Config(t, t.TempDir(), every)
	url = server.URL(sftptest.User, "/in")
	to := fmt.Sprintf("to: [./exports, {url: %q, key_file: %q, host_key: %q}]", url, server.ClientKeyFile(t), server.HostKey)
	text := strings.Replace(apptest.ReadFile(t, path), "to: [./exports]", to, 1)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, url
}

// runWinnow runs a command line.
func runWinnow(args ...string) (stdout, stderr string, status int) {
	var out, errs bytes.Buffer
	status = run(context.Background(), args, Process{Stdout: &out, Stderr: &errs, Version: "test"})
	return out.String(), errs.String(), status
}

// wantWords checks that a text contains words, whatever the white space between them.
func wantWords(t *testing.T, text string, words ...string) {
	t.Helper()
	flat := strings.Join(strings.Fields(text), " ")
	for _, w := range words {
		if !strings.Contains(flat, w) {
			t.Errorf("there is no %q in:\n%s", w, text)
		}
	}
}

func TestAFailedDeliverySaysHowToRepeatIt(t *testing.T) {
	server := sftptest.Serve(t, sftptest.Deny("/in"))
	path, url := configWithServer(t, server, "1h")
	there := func(run string) string { return filepath.Join(server.Root, "in", "nightly", run) }

	out, errs, status := runWinnow("export", "nightly", "-c", path, "--now", "2026-01-03T02:00:00Z")
	if status != 1 {
		t.Errorf("with a server that accepts nothing: exit %d", status)
	}
	wantWords(t, out, "published nightly/2026-01-03T020000Z", url+" waiting", "/exports published")
	wantWords(t, errs, "destination "+url+": delivering run nightly/2026-01-03T020000Z", "a daemon retries automatically", "winnow export nightly --run 2026-01-03T020000Z --to "+url)
	out, _, _ = runWinnow("status", "-c", path)
	wantWords(t, out, url+" has not received 1 run of nightly. The first is 2026-01-03T020000Z", "Now: winnow export nightly --run 2026-01-03T020000Z --to "+url)
	out, _, _ = runWinnow("status", "-c", path, "--json")
	wantWords(t, out, `"deliveries": [`, `"status": "waiting"`)

	server.Heal()
	out, errs, status = runWinnow("export", "nightly", "-c", path, "--run", "latest", "--to", url, "--json")
	var did exports.Redelivery
	if err := json.Unmarshal([]byte(out), &did); err != nil || status != 0 || did.Run != "2026-01-03T020000Z" || did.Destinations[0].Status != "delivered" {
		t.Errorf("redelivered: exit %d: %s%s %v", status, out, errs, err)
	}
	if to, err := os.Readlink(there("latest")); err != nil || to != "2026-01-03T020000Z" {
		t.Errorf("latest points to %q, %v", to, err)
	}
	if out, _, _ = runWinnow("status", "-c", path); strings.Contains(out, "sftp://") {
		t.Errorf("redelivered, and the status still shows:\n%s", out)
	}
	out, _, _ = runWinnow("export", "nightly", "-c", path, "--run", "latest")
	wantWords(t, out, "every destination of nightly has run 2026-01-03T020000Z")
	out, errs, status = runWinnow("export", "nightly", "-c", path, "--now", "2026-01-04T02:00:00Z")
	if status != 0 || errs != "" {
		t.Errorf("with a working server: exit %d: %s", status, errs)
	}
	wantWords(t, out, "published nightly/2026-01-04T020000Z", url+" delivered")
	checkRuns(t, there(""))
	if _, errs, status = runWinnow("export", "nightly", "-c", path, "--to", url); status != exitUsage {
		t.Errorf("--to without --run: exit %d: %s", status, errs)
	}
}

// What only a server needs does not keep a daemon from starting.
func TestAMissingServerKeyStopsOnlyTheDeliveriesToIt(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts a daemon")
	}
	server := sftptest.Serve(t)
	path, url := configWithServer(t, server, "1h")
	_, key, _ := strings.Cut(apptest.ReadFile(t, path), `key_file: "`)
	key, _, _ = strings.Cut(key, `"`)
	startDaemon(t, "serve", path).terminate(t)
	if err := os.Rename(key, key+".away"); err != nil {
		t.Fatal(err)
	}
	d := startDaemon(t, "serve", path)
	if _, errs, _ := runWinnow("export", "nightly", "-c", path); !strings.Contains(errs, url) || !strings.Contains(errs, "can't be read") {
		t.Errorf("the export prints %s", errs)
	}
	d.terminate(t)
}

// Readers of a server see a run when it is delivered, not when it is released.
func TestAReleaseThatAServerHasNotReceivedDoesNotMentionLatest(t *testing.T) {
	server := sftptest.Serve(t, sftptest.Deny("/in"))
	path, url := configWithServer(t, server, "1h")
	text := strings.Replace(apptest.ReadFile(t, path), "to: [./exports, ", "guard: {min_rows: {reachable: 1}}, to: [", 1)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, errs, status := runWinnow("export", "nightly", "-c", path, "--now", "2026-01-03T02:00:00Z"); status != 1 || !strings.Contains(out, "held nightly/2026-01-03T020000Z") {
		t.Fatalf("exit %d: %s%s", status, out, errs)
	}
	out, errs, status := runWinnow("release", "nightly/2026-01-03T020000Z", "-c", path)
	if status != 1 || strings.Contains(out, "latest points") {
		t.Errorf("exit %d: %s%s", status, out, errs)
	}
	wantWords(t, out, "released nightly/2026-01-03T020000Z", url+" waiting")
}

// In a script these come from variables, which may be empty.
func TestAnEmptyRunOrDestinationIsAnError(t *testing.T) {
	path := apptest.Config(t, t.TempDir(), "1h")
	if _, errs, status := runWinnow("export", "nightly", "-c", path, "--now", "2026-01-03T02:00:00Z"); status != 0 {
		t.Fatal(errs)
	}
	t.Chdir(t.TempDir())
	for _, args := range [][]string{{"--run", ""}, {"--run", "", "--to", "x"}, {"--run", "latest", "--to", ""}} {
		out, errs, status := runWinnow(append([]string{"export", "nightly", "-c", path, "--now", "2026-01-04T02:00:00Z"}, args...)...)
		if status != exitUsage || !strings.Contains(errs, "is empty") {
			t.Errorf("%q: exit %d: %s%s", args, status, out, errs)
		}
	}
	if _, err := os.Stat("nightly"); err == nil {
		t.Error("a run was delivered to the working directory")
	}
	if out, _, _ := runWinnow("status", "-c", path); strings.Contains(out, "2026-01-04") {
		t.Errorf("a run was made:\n%s", out)
	}
}

func TestADaemonRetriesAFailedDelivery(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts a daemon")
	}
	server := sftptest.Serve(t, sftptest.RefuseFirst(1))
	path, _ := configWithServer(t, server, "1s")
	d := startDaemon(t, "serve", path)
	latest := filepath.Join(server.Root, "in", "nightly", "latest", "manifest.json")
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(latest); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("nothing was delivered")
		}
	}
	d.terminate(t)
	checkRuns(t, filepath.Join(server.Root, "in", "nightly"))
}

func TestAServerThatHangsDelaysNoSweepRunOrShutdown(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts a daemon")
	}
	hung, err := net.Listen("tcp", "127.0.0.1:0") // accepts connections and sends nothing
	if err != nil {
		t.Fatal(err)
	}
	defer hung.Close()
	server := sftptest.Serve(t)
	path, _ := configWithServer(t, server, "1s")
	text := strings.ReplaceAll(apptest.ReadFile(t, path), server.Addr, hung.Addr().String())
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	d := startDaemon(t, "serve", path)
	runs := filepath.Join(filepath.Dir(path), "exports", "nightly", "2*")
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if made, _ := filepath.Glob(runs); len(made) >= 3 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the server delays runs")
		}
	}
	began := time.Now()
	d.terminate(t)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the server delays the shutdown by %s", took)
	}
}
