// Package attack attacks a built winnow from outside, as a stranger without a token
// can, and asks it for what it must do meanwhile. It has only tests, and they need a
// binary, as releases are built:
//
//	go test ./internal/attack -binary ./winnow -lasting 10m -timeout 30m -v
package attack

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

var (
	winnow  = flag.String("binary", "", "the winnow to attack; without it the tests are skipped")
	lasting = flag.Duration("lasting", 10*time.Second, "how long each attack lasts")
)

const (
	token      = "insider-token-of-the-attack-0123"
	adminToken = "admin-token-of-the-attack-012345"
)

// target is a daemon under attack.
type target struct {
	*exec.Cmd
	folder          string
	public, private string // addresses
	tls             bool
	lines           atomic.Int64 // of its log
	ended           chan struct{}
}

// start starts the binary with the lines that precede it in a shell.
func start(t *testing.T, before string, overTLS bool) *target {
	t.Helper()
	if *winnow == "" {
		t.Skip("no -binary to attack")
	}
	path, err := filepath.Abs(*winnow)
	if err != nil {
		t.Fatal(err)
	}
	x := &target{folder: t.TempDir(), tls: overTLS, ended: make(chan struct{})}
	x.Cmd = exec.Command("/bin/sh", "-c", before+`exec "$0" serve -c "$1"`, path, x.writeConfig(t))
	stderr, err := x.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := x.Start(); err != nil {
		t.Fatal(err)
	}
	log, listening := bufio.NewScanner(stderr), make(chan struct{})
	go func() {
		defer close(x.ended)
		for log.Scan() {
			x.lines.Add(1)
			if m := addresses.FindStringSubmatch(log.Text()); m != nil {
				x.public, x.private = m[1], m[2]
				close(listening)
			}
			if !strings.Contains(log.Text(), " level=INFO ") && x.public != "" {
				t.Log(log.Text())
			}
		}
	}()
	select {
	case <-listening:
	case <-x.ended:
		t.Fatal("the daemon does not start")
	}
	t.Cleanup(func() { x.stop(t) })
	return x
}

var addresses = regexp.MustCompile(`callbacks=(\S+) console=(\S+)`)

func (x *target) writeConfig(t *testing.T) (path string) {
	t.Helper()
	text := fmt.Sprintf(`
listen: "127.0.0.1:0"
admin: {listen: "127.0.0.1:0", token: %s}
sources: [{name: insider, preset: insider, tokens: [%s]}]
hygiene:
  sweep: "@every 1s"
  rules: [{name: hard, when: {outcome: hard_bounce}, then: {suppress: {reason: hard_bounce}}}]
segments: [{name: reachable, where: {status: active}}]
exports: [{name: nightly, schedule: "@every 1000h", segments: [reachable], formats: [csv], to: [./exports]}]
`, adminToken, token)
	if x.tls {
		text += "tls: {cert: winnow.crt, key: winnow.key}\n"
		writeCertificate(t, x.folder)
	}
	path = filepath.Join(x.folder, "winnow.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func writeCertificate(t *testing.T, folder string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(24 * time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(
		os.WriteFile(filepath.Join(folder, "winnow.crt"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), 0o600),
		os.WriteFile(filepath.Join(folder, "winnow.key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600),
	); err != nil {
		t.Fatal(err)
	}
}

// stop checks that the daemon is still there, and that it ends as it should.
func (x *target) stop(t *testing.T) {
	select {
	case <-x.ended:
		t.Errorf("the daemon died: %v", x.Wait())
		return
	default:
	}
	if err := x.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	<-x.ended
	if err := x.Wait(); err != nil {
		t.Errorf("the daemon ends with %v", err)
	}
}

// peak is the largest resident size of the daemon, in MiB.
func (x *target) peak(t *testing.T) (mib int) {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", x.Process.Pid))
	if err != nil {
		t.Error(err)
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	var kib int
	_, _ = fmt.Sscan(after, &kib)
	return kib >> 10
}

// client makes requests, each on a connection of its own.
func client() *http.Client {
	return &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
}

// callback posts a callback, and fails the test unless it is answered 200.
func (x *target) callback(t *testing.T, c *http.Client, n int) time.Duration {
	t.Helper()
	scheme := "http"
	if x.tls {
		scheme = "https"
	}
	body := fmt.Appendf(nil, `{"id":"m-%d","uniqueArgs":{"contact_id":"crm-%d"},"event":"delivered"}`, n, n)
	began := time.Now()
	answer, err := c.Post(scheme+"://"+x.public+"/callbacks/"+token, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Errorf("callback %d: %v", n, err)
		return time.Since(began)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("callback %d is answered %s", n, answer.Status)
	}
	return time.Since(began)
}

// admin makes a request of the API, and fails the test unless it is answered 200.
func (x *target) admin(t *testing.T, c *http.Client, method, path string) {
	t.Helper()
	req, err := http.NewRequest(method, "http://"+x.private+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+adminToken)
	answer, err := c.Do(req)
	if err != nil {
		t.Errorf("%s %s: %v", method, path, err)
		return
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("%s %s is answered %s", method, path, answer.Status)
	}
}

// work posts callbacks, asks for the status and makes runs for as long, and logs what was
// seen. It stops at the first failure.
func (x *target) work(t *testing.T, lasts time.Duration) {
	t.Helper()
	c, began := client(), time.Now()
	var took []time.Duration
	runs := 0
	for n := 0; time.Since(began) < lasts && !t.Failed(); n++ {
		took = append(took, x.callback(t, c, n))
		if n%100 == 50 {
			x.admin(t, c, http.MethodGet, "/api/v1/status")
		}
		if time.Since(began) > time.Duration(runs)*2*time.Second {
			x.admin(t, c, http.MethodPost, "/api/v1/exports/nightly/run")
			runs++
		}
		time.Sleep(5 * time.Millisecond)
	}
	slices.Sort(took)
	if len(took) > 0 {
		t.Logf("meanwhile %d callbacks on new connections: p50 %v, p99 %v, max %v; %d sweeps and runs; peak memory %d MiB; %d lines of log",
			len(took), took[len(took)/2].Round(10*time.Microsecond), took[len(took)*99/100].Round(10*time.Microsecond), took[len(took)-1].Round(10*time.Microsecond),
			runs, x.peak(t), x.lines.Load())
	}
}
