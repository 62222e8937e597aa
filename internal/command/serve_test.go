package command

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"winnow/internal/apptest"
	"winnow/store"
)

// get returns the status and body of an answer.
func get(t *testing.T, url string) (int, string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+apptest.AdminToken)
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

// post posts a callback, and returns the status of the answer.
func (c *daemonProcess) post(t *testing.T, id string) int {
	t.Helper()
	answer, err := http.Post(c.url, "application/json", bytes.NewReader(callback(id)))
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	return answer.StatusCode
}

func TestAChangedConfigIsReloadedAndABrokenOneIsNot(t *testing.T) {
	t.Parallel()
	config := apptest.Config(t, t.TempDir(), "1h")
	good := apptest.ReadFile(t, config)
	d := startDaemon(t, "serve", config)
	defer d.terminate(t)
	url := strings.TrimSuffix(d.url, apptest.Token)
	metrics := strings.TrimSuffix(d.api, "/api/v1") + "/metrics"
	reloaded := func(want string) func() bool {
		return func() bool {
			_, body := get(t, metrics)
			return strings.Contains(body, "winnow_config_last_reload_successful "+want)
		}
	}

	apptest.Edit(t, config, apptest.Token, "another-token-0123456789")
	apptest.Eventually(t, "the new token is accepted", func() bool { status, _ := get(t, url+"another-token-0123456789"); return status == 200 })
	if status, _ := get(t, d.url); status != 404 {
		t.Errorf("a callback with the old token is answered %d", status)
	}
	for name, broken := range map[string]string{"a typo": strings.Replace(good, "rules:", "rulse:", 1), "empty": "", "an incomplete file": good[:strings.Index(good, "  rules:")]} {
		if err := os.WriteFile(config, []byte(broken), 0o600); err != nil {
			t.Fatal(err)
		}
		apptest.Eventually(t, name+" is rejected", reloaded("0"))
		if status, _ := get(t, url+"another-token-0123456789"); status != 200 {
			t.Errorf("%s: the previous config is not in force: %d", name, status)
		}
		if err := os.WriteFile(config, []byte(good), 0o600); err != nil {
			t.Fatal(err)
		}
		apptest.Eventually(t, "the good file is in force again", reloaded("1"))
		apptest.Edit(t, config, apptest.Token, "another-token-0123456789")
		apptest.Eventually(t, "the other token is accepted again", func() bool { status, _ := get(t, url+"another-token-0123456789"); return status == 200 })
	}
}

func TestADaemonWithABrokenConfigStartsWithTheLastGoodOne(t *testing.T) {
	config := apptest.Config(t, t.TempDir(), "1h")
	startDaemon(t, "serve", config).terminate(t)
	apptest.Edit(t, config, "rules:", "rulse:")
	d := startDaemon(t, "serve", config)
	defer d.terminate(t)
	if status := d.post(t, "m1"); status != 200 {
		t.Errorf("a callback was answered %d", status)
	}
	_, body := get(t, strings.TrimSuffix(d.api, "/api/v1")+"/metrics")
	if !strings.Contains(body, "winnow_config_last_reload_successful 0") {
		t.Error("the metrics do not show that the config is broken")
	}
}

func TestAFullDiskIsAnswered503AndRecovers(t *testing.T) {
	folder := apptest.SmallDisk(t)
	d := startDaemon(t, "serve", apptest.Config(t, folder, "1h"))
	defer d.terminate(t)
	if status := d.post(t, "before"); status != 200 {
		t.Fatalf("before: %d", status)
	}
	ballast := filepath.Join(folder, "ballast")
	f, err := os.Create(ballast)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(f, zeros{}) // until the disk is full
	f.Close()
	apptest.Eventually(t, "callbacks are answered 503", func() bool { return d.post(t, fmt.Sprint("full-", time.Now().UnixNano())) == 503 })
	if status, _ := get(t, strings.Replace(d.url, "/callbacks/"+apptest.Token, "/healthz", 1)); status != 503 {
		t.Errorf("healthz says %d", status)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	apptest.Eventually(t, "callbacks are answered 200 again", func() bool { return d.post(t, fmt.Sprint("after-", time.Now().UnixNano())) == 200 })
}

// zeros reads without an end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestTwoDaemonsOnOneStoreRunEachJobOnce(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	config := apptest.Config(t, folder, "1h")
	apptest.Edit(t, config, `schedule: "@every 1h"`, `schedule: "@every 2s"`)
	first, second := startDaemon(t, "serve", config), startDaemon(t, "serve", config)
	for i, d := range []*daemonProcess{first, second, first, second} {
		if status := d.post(t, fmt.Sprint("m", i)); status != 200 {
			t.Errorf("daemon %d answered %d", i%2, status)
		}
	}
	runs := func() []string {
		names, _ := filepath.Glob(filepath.Join(folder, "exports", "nightly", "2*"))
		return names
	}
	apptest.Eventually(t, "runs are made", func() bool { return len(runs()) >= 2 })
	first.kill(t)
	n := len(runs())
	apptest.Eventually(t, "the second daemon makes runs", func() bool { return len(runs()) > n })
	second.terminate(t)
	s, err := store.OpenExisting(filepath.Join(folder, "winnow.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if last, err := s.LastSeq(); err != nil || last != 4 {
		t.Errorf("%d events are stored, %v", last, err)
	}
	var manifest struct{ Run string }
	if err := json.Unmarshal([]byte(apptest.ReadFile(t, filepath.Join(folder, "exports", "nightly", "latest", "manifest.json"))), &manifest); err != nil {
		t.Fatal(err)
	}
	if names := runs(); filepath.Base(names[len(names)-1]) != manifest.Run {
		t.Errorf("latest is %s, the runs are %v", manifest.Run, names)
	}
}
