package daemon

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"winnow/internal/config"
	"winnow/internal/console"
	"winnow/internal/loglimit"
	"winnow/internal/receiver"
)

// writeCertificate writes a new certificate and its key.
func writeCertificate(t *testing.T, cert *config.TLS, serial int64) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	public, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{cert.Cert: {Type: "CERTIFICATE", Bytes: public}, cert.Key: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := errors.Join(os.WriteFile(path+".new", pem.EncodeToMemory(block), 0o600), os.Rename(path+".new", path)); err != nil {
			t.Fatal(err)
		}
	}
}

// servers are the two servers of a daemon, each with what it answers.
func servers() map[string]*http.Server {
	hello := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") })
	return map[string]*http.Server{"public": receiver.Server(hello), "admin": console.Server(hello)}
}

// served serves over TLS until the test ends, and returns the address.
func served(t *testing.T, s *http.Server, cert *config.TLS) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- serveTLS(s, l, cert) }()
	t.Cleanup(func() {
		s.Close()
		if err := <-ended; err != http.ErrServerClosed {
			t.Errorf("the server ended with %v", err)
		}
	})
	return l.Addr().String()
}

func TestBothServersReadTheirCertificatesAgain(t *testing.T) {
	for name, s := range servers() {
		folder := t.TempDir()
		cert := &config.TLS{Cert: filepath.Join(folder, "winnow.crt"), Key: filepath.Join(folder, "winnow.key")}
		writeCertificate(t, cert, 1)
		address := served(t, s, cert)
		serial := func() int64 {
			t.Helper()
			transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
			defer transport.CloseIdleConnections()
			answer, err := (&http.Client{Transport: transport}).Get("https://" + address + "/")
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			defer answer.Body.Close()
			if body, err := io.ReadAll(answer.Body); err != nil || string(body) != "hello" || answer.ProtoMajor != 1 {
				t.Errorf("%s answers %q over %s, %v", name, body, answer.Proto, err)
			}
			return answer.TLS.PeerCertificates[0].SerialNumber.Int64()
		}
		if n := serial(); n != 1 {
			t.Errorf("%s has certificate %d", name, n)
		}
		writeCertificate(t, cert, 2)
		if n := serial(); n != 2 {
			t.Errorf("%s has certificate %d after it was replaced", name, n)
		}
		if err := os.WriteFile(cert.Key, []byte("half a key"), 0o600); err != nil {
			t.Fatal(err)
		}
		if n := serial(); n != 2 {
			t.Errorf("%s has certificate %d after its key broke", name, n)
		}
	}
}

func TestAServerDoesNotBeginWithoutItsCertificate(t *testing.T) {
	for name, s := range servers() {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		if err := serveTLS(s, l, &config.TLS{Cert: "no.crt", Key: "no.key"}); err == nil || !strings.Contains(err.Error(), "no.crt") {
			t.Errorf("%s: %v", name, err)
		}
		l.Close()
	}
}

// lines is a log that several may write.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func TestFailedHandshakesDoNotFillTheLog(t *testing.T) {
	folder := t.TempDir()
	cert := &config.TLS{Cert: filepath.Join(folder, "winnow.crt"), Key: filepath.Join(folder, "winnow.key")}
	writeCertificate(t, cert, 1)
	for name, s := range servers() {
		log := &lines{}
		s.ErrorLog = loglimit.HTTPErrors(slog.New(slog.NewTextHandler(log, nil)), name)
		address := served(t, s, cert)
		for range 50 {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
			_, _ = io.Copy(io.Discard, conn) // until the server has given up, which it logs before
			conn.Close()
		}
		if text := log.String(); strings.Count(text, "\n") > 3 || !strings.Contains(text, "server="+name) || !strings.Contains(text, "TLS handshake error") {
			t.Errorf("the log of 50 handshakes:\n%s", text)
		}
	}
}
