package command

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"winnow/internal/apptest"
)

// idlers open connections to address until they are stopped, and send beginnings on
// each in turn. One that the server closes is opened again.
func idlers(t *testing.T, address string, count int, beginnings ...string) (stop func()) {
	t.Helper()
	var wg, opened sync.WaitGroup
	done := make(chan struct{})
	opened.Add(count)
	for i := range count {
		wg.Go(func() {
			first := sync.OnceFunc(opened.Done)
			defer first()
			for {
				conn, err := net.Dial("tcp", address)
				if err == nil {
					_, _ = io.WriteString(conn, beginnings[i%len(beginnings)])
					first()
					closed := make(chan struct{})
					go func() { defer close(closed); _, _ = io.Copy(io.Discard, conn) }()
					select {
					case <-closed:
					case <-done:
					}
					conn.Close()
				}
				select {
				case <-done:
					return
				case <-time.After(3 * time.Second):
				}
			}
		})
	}
	opened.Wait()
	return func() {
		close(done)
		wg.Wait()
	}
}

// limitedDaemon starts a daemon that may open 256 files.
func limitedDaemon(t *testing.T, config string) *daemonProcess {
	t.Helper()
	return startDaemonBy(t, "serve", "/bin/sh", "-c", `ulimit -n 256 && exec "$@"`, "sh", os.Args[0], "serve", "-c", config)
}

func TestIdleConnectionsLeaveRoomForCallbacksAndJobs(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	d := limitedDaemon(t, apptest.Config(t, folder, "1h"))
	defer d.terminate(t)
	address := strings.TrimSuffix(strings.TrimPrefix(d.url, "http://"), "/callbacks/"+apptest.Token)
	stop := idlers(t, address, 1000,
		"",
		"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST /"+apptest.Token+" HTTP/1.1\r\nHost: x\r\nX-Half: ",
		"GET /"+apptest.Token+" HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST /unknown HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
	defer stop()
	private := strings.TrimSuffix(strings.TrimPrefix(d.api, "http://"), "/api/v1")
	defer idlers(t, private, 200, "", "GET /api/v1/status HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer wrong\r\n\r\n")()

	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 20 * time.Second}
	for i := range 50 {
		answer, err := client.Post(d.url, "application/json", strings.NewReader(string(callback(fmt.Sprint("m", i)))))
		if err != nil {
			t.Fatalf("callback %d: %v", i, err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			t.Fatalf("callback %d is answered %s", i, answer.Status)
		}
	}
	_, metrics := get(t, strings.TrimSuffix(d.api, "/api/v1")+"/metrics")
	if strings.Contains(metrics, `winnow_connections_evicted_total{server="public"} 0`) || !strings.Contains(metrics, `winnow_connections_max{server="public"} `) {
		t.Error("the metrics show no connection that was closed")
	}
	run, err := http.NewRequest(http.MethodPost, d.api+"/exports/nightly/run", nil) // sweeps, too
	if err != nil {
		t.Fatal(err)
	}
	run.Header.Set("Authorization", "Bearer "+apptest.AdminToken)
	answer, err := http.DefaultClient.Do(run)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if text, _ := io.ReadAll(answer.Body); answer.StatusCode != http.StatusOK {
		t.Fatalf("the run is answered %s %s", answer.Status, text)
	}
	rows := apptest.ReadFile(t, filepath.Join(folder, "exports", "nightly", "latest", "reachable.csv"))
	if n := strings.Count(rows, "\n"); n != 1 { // all contacts are cooling
		t.Errorf("the run has %d rows", n-1)
	}
	if _, status := get(t, d.api+"/status"); !strings.Contains(status, `"lag":0`) && !strings.Contains(status, `"lag": 0`) {
		t.Errorf("the status is %s", status)
	}
}

func TestTheDaemonRaisesItsLimitOfOpenFiles(t *testing.T) {
	d := startDaemonBy(t, "serve", "/bin/sh", "-c", `ulimit -Sn 100 && ulimit -Hn 1024 && exec "$@"`, "sh", os.Args[0], "serve", "-c", apptest.Config(t, t.TempDir(), "1h"))
	defer d.terminate(t)
	_, metrics := get(t, strings.TrimSuffix(d.api, "/api/v1")+"/metrics")
	if !strings.Contains(metrics, `winnow_connections_max{server="public"} 7`) {
		t.Errorf("the limit of connections is that of the soft limit of files:\n%s", metrics)
	}
}
