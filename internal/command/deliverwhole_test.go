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

	"winnow/segments/destination/sftp/sftptest"
)

// withServer is a config whose export goes to a directory and to a server.
func withServer(t *testing.T, server *sftptest.Server, every string) (path, url string) {
	t.Helper()
	path = testConfig(t, t.TempDir(), every)
	url = server.URL(sftptest.User, "/in")
	to := fmt.Sprintf("to: [./exports, {url: %q, key_file: %q, host_key: %q}]", url, server.ClientKeyFile(t), server.HostKey)
	text := strings.Replace(readFile(t, path), "to: [./exports]", to, 1)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, url
}

// says runs a command and gives what it says and its exit status.
func says(args ...string) (stdout, stderr string, status int) {
	var out, errs bytes.Buffer
	status = run(context.Background(), args, World{Stdout: &out, Stderr: &errs, Version: "test"})
	return out.String(), errs.String(), status
}

// wants demands words of what a command said.
func wants(t *testing.T, said string, words ...string) {
	t.Helper()
	flat := strings.Join(strings.Fields(said), " ")
	for _, w := range words {
		if !strings.Contains(flat, w) {
			t.Errorf("it does not say %q:\n%s", w, said)
		}
	}
}

func TestARunReachesAServerOrPeopleAreToldWhatToDo(t *testing.T) {
	server := sftptest.Serve(t, sftptest.Deny("/in"))
	path, url := withServer(t, server, "1h")
	there := func(run string) string { return filepath.Join(server.Root, "in", "nightly", run) }

	out, errs, status := says("export", "nightly", "-c", path, "--now", "2026-01-03T02:00:00Z")
	if status != 1 {
		t.Errorf("with a server that takes nothing it ends with %d", status)
	}
	wants(t, out, "published nightly/2026-01-03T020000Z", url+" waiting", "/exports published")
	wants(t, errs, "destination "+url+": delivering run nightly/2026-01-03T020000Z", "a daemon tries again by itself", "winnow export nightly --run 2026-01-03T020000Z --to "+url)
	out, _, _ = says("status", "-c", path)
	wants(t, out, url+" has not got 1 run of nightly, the first 2026-01-03T020000Z", "or now: winnow export nightly --run 2026-01-03T020000Z --to "+url)
	out, _, _ = says("status", "-c", path, "--json")
	wants(t, out, `"deliveries": [`, `"status": "waiting"`)

	server.Heal()
	out, errs, status = says("export", "nightly", "-c", path, "--run", "latest", "--to", url, "--json")
	var did madeUp
	if err := json.Unmarshal([]byte(out), &did); err != nil || status != 0 || did.Run != "2026-01-03T020000Z" || did.Destinations[0].Status != "delivered" {
		t.Errorf("made up it ends with %d: %s%s %v", status, out, errs, err)
	}
	if to, err := os.Readlink(there("latest")); err != nil || to != "2026-01-03T020000Z" {
		t.Errorf("latest points to %q, %v", to, err)
	}
	if out, _, _ = says("status", "-c", path); strings.Contains(out, "sftp://") {
		t.Errorf("made up, there is still said:\n%s", out)
	}
	out, _, _ = says("export", "nightly", "-c", path, "--run", "latest")
	wants(t, out, "every destination of nightly has run 2026-01-03T020000Z")
	out, errs, status = says("export", "nightly", "-c", path, "--now", "2026-01-04T02:00:00Z")
	if status != 0 || errs != "" {
		t.Errorf("with the server well it ends with %d: %s", status, errs)
	}
	wants(t, out, "published nightly/2026-01-04T020000Z", url+" delivered")
	wholeRuns(t, there(""))
	if _, errs, status = says("export", "nightly", "-c", path, "--to", url); status != exitUsage {
		t.Errorf("--to alone ends with %d: %s", status, errs)
	}
}

// What only a server needs keeps no daemon from answering callbacks.
func TestAServersMissingKeyStopsItsDeliveriesAlone(t *testing.T) {
	if testing.Short() {
		t.Skip("a daemon of its own")
	}
	server := sftptest.Serve(t)
	path, url := withServer(t, server, "1h")
	_, key, _ := strings.Cut(readFile(t, path), `key_file: "`)
	key, _, _ = strings.Cut(key, `"`)
	startDaemon(t, "whole", path).end(t)
	if err := os.Rename(key, key+".away"); err != nil {
		t.Fatal(err)
	}
	d := startDaemon(t, "whole", path)
	if _, errs, _ := says("export", "nightly", "-c", path); !strings.Contains(errs, url) || !strings.Contains(errs, "can't be read") {
		t.Errorf("an export says %s", errs)
	}
	d.end(t)
}

// Readers of a server have nothing of a run before it is brought there.
func TestAReleaseToAServerThatIsDownPromisesReadersNothing(t *testing.T) {
	server := sftptest.Serve(t, sftptest.Deny("/in"))
	path, url := withServer(t, server, "1h")
	text := strings.Replace(readFile(t, path), "to: [./exports, ", "guard: {min_rows: {reachable: 1}}, to: [", 1)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, errs, status := says("export", "nightly", "-c", path, "--now", "2026-01-03T02:00:00Z"); status != 1 || !strings.Contains(out, "held nightly/2026-01-03T020000Z") {
		t.Fatalf("ends with %d: %s%s", status, out, errs)
	}
	out, errs, status := says("release", "nightly/2026-01-03T020000Z", "-c", path)
	if status != 1 || strings.Contains(out, "latest points") {
		t.Errorf("ends with %d: %s%s", status, out, errs)
	}
	wants(t, out, "released nightly/2026-01-03T020000Z", url+" waiting")
}

// In a script the name of the run comes out of a variable, which may be empty.
func TestAnEmptyNameOfARunOrDestinationIsRefused(t *testing.T) {
	path := testConfig(t, t.TempDir(), "1h")
	if _, errs, status := says("export", "nightly", "-c", path, "--now", "2026-01-03T02:00:00Z"); status != 0 {
		t.Fatal(errs)
	}
	t.Chdir(t.TempDir())
	for _, args := range [][]string{{"--run", ""}, {"--run", "", "--to", "x"}, {"--run", "latest", "--to", ""}} {
		out, errs, status := says(append([]string{"export", "nightly", "-c", path, "--now", "2026-01-04T02:00:00Z"}, args...)...)
		if status != exitUsage || !strings.Contains(errs, "is empty") {
			t.Errorf("%q ends with %d: %s%s", args, status, out, errs)
		}
	}
	if _, err := os.Stat("nightly"); err == nil {
		t.Error("a run was brought where people were")
	}
	if out, _, _ := says("status", "-c", path); strings.Contains(out, "2026-01-04") {
		t.Errorf("a run was made:\n%s", out)
	}
}

func TestADaemonDeliversByItself(t *testing.T) {
	if testing.Short() {
		t.Skip("a daemon of its own")
	}
	server := sftptest.Serve(t, sftptest.RefuseFirst(1))
	path, _ := withServer(t, server, "1s")
	d := startDaemon(t, "whole", path)
	latest := filepath.Join(server.Root, "in", "nightly", "latest", "manifest.json")
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(latest); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("nothing was delivered")
		}
	}
	d.end(t)
	wholeRuns(t, filepath.Join(server.Root, "in", "nightly"))
}

func TestAServerThatHangsHoldsUpNoSweepNoRunAndNoEnd(t *testing.T) {
	if testing.Short() {
		t.Skip("a daemon of its own")
	}
	hung, err := net.Listen("tcp", "127.0.0.1:0") // it takes calls and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer hung.Close()
	server := sftptest.Serve(t)
	path, _ := withServer(t, server, "1s")
	text := strings.ReplaceAll(readFile(t, path), server.Addr, hung.Addr().String())
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	d := startDaemon(t, "whole", path)
	runs := filepath.Join(filepath.Dir(path), "exports", "nightly", "2*")
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if made, _ := filepath.Glob(runs); len(made) >= 3 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the server holds up runs")
		}
	}
	began := time.Now()
	d.end(t)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the server holds up the end for %s", took)
	}
}
