package daemon

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"winnow/internal/apptest"
	"winnow/internal/config"
	"winnow/internal/logline"
)

// amazon signs messages as Amazon SNS does, and gives its certificate.
type amazon struct {
	key         *rsa.PrivateKey
	certificate []byte
	asked       []string
}

const topic = "arn:aws:sns:eu-west-1:123456789012:delivery"

func newAmazon(t *testing.T) *amazon {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &amazon{key: key, certificate: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

// RoundTrip implements http.RoundTripper.
func (a *amazon) RoundTrip(req *http.Request) (*http.Response, error) {
	a.asked = append(a.asked, req.URL.String())
	return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(string(a.certificate)))}, nil
}

// envelope is a signed message, whose parts are in the order in which they are signed.
func (a *amazon) envelope(t *testing.T, parts ...string) string {
	t.Helper()
	fields := map[string]string{"SignatureVersion": "2", "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/a.pem"}
	signed := strings.Join(parts, "\n") + "\n"
	for i := 0; i < len(parts); i += 2 {
		fields[parts[i]] = parts[i+1]
	}
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, a.key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	fields["Signature"] = base64.StdEncoding.EncodeToString(signature)
	text, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func (a *amazon) notification(t *testing.T, id string) string {
	return a.envelope(t, "Message", `{"eventType":"TEXT_UNREACHABLE","messageId":"`+id+`","destinationPhoneNumber":"+14255550156"}`, "MessageId", "n-"+id, "Timestamp", "2026-01-01T00:00:00.000Z", "TopicArn", topic, "Type", "Notification")
}

// withAmazon is a daemon of a source at Amazon SNS.
func withAmazon(t *testing.T, a *amazon, receive bool) *Daemon {
	t.Helper()
	path := filepath.Join(t.TempDir(), "winnow.yaml")
	text := "listen: 127.0.0.1:0\nadmin: {listen: \"127.0.0.1:0\", token: admin-of-one-host-5820}\nlog_token: " + logToken +
		"\nsources:\n  - {name: aws, preset: aws-sms, tokens: [" + apptest.Token + "], signature: {topic: \"" + topic + "\"}}\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := New(Options{Config: path, Version: "test", Receive: receive, Amazon: a, Logger: func(*config.Config) *slog.Logger { return slog.New(slog.DiscardHandler) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		d.public.Close()
		d.private.Close()
		if err := d.store.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func TestACallbackIsReadByItselfOnceItsCertificateIsKnown(t *testing.T) {
	a := newAmazon(t)
	d := withAmazon(t, a, false)
	public := d.receiver.Handler()
	forged := newAmazon(t).notification(t, "forged")
	post(t, public, a.notification(t, "m1"))
	post(t, public, forged)
	if totals, err := d.store.Totals(); err != nil || totals.Events != 0 || totals.Quarantined != 2 || len(a.asked) != 0 {
		t.Fatalf("%+v %v, asked for %q", totals, err, a.asked)
	}
	read := make(chan bool)
	d.certificates.OnNew = func() { d.readWaiting(t.Context()); close(read) }
	go d.certificates.Run(t.Context())
	<-read
	totals, err := d.store.Totals()
	if err != nil || totals.Events != 1 || totals.Quarantined != 1 || !slices.Equal(a.asked, []string{"https://sns.eu-west-1.amazonaws.com/a.pem"}) {
		t.Fatalf("%+v %v, asked for %q", totals, err, a.asked)
	}
	list, err := d.store.Quarantine(1)
	if err != nil || string(list[0].Body) != forged || list[0].Unverified == nil {
		t.Errorf("%+v %v", list, err)
	}
	// From now on the answer comes with the event.
	post(t, public, a.notification(t, "m2"))
	post(t, public, strings.Replace(a.notification(t, "m3"), "m3", "m4", 1))
	if totals, err := d.store.Totals(); err != nil || totals.Events != 2 || totals.Quarantined != 2 {
		t.Errorf("%+v %v", totals, err)
	}
}

func TestAHostThatOnlyReceivesLeavesWhatWaitsToTheOneThatJudges(t *testing.T) {
	a := newAmazon(t)
	d := withAmazon(t, a, true)
	private, err := d.console()
	if err != nil {
		t.Fatal(err)
	}
	post(t, d.receiver.Handler(), a.notification(t, "m1"))
	if _, err := d.certificates.Fetch(t.Context(), "https://sns.eu-west-1.amazonaws.com/a.pem"); err != nil {
		t.Fatal(err)
	}
	d.readWaiting(t.Context())
	w := ask(private, "GET", "/api/v1/log", logToken)
	if list := linesIn(t, w.Body); w.Header().Get(logline.VerifiedHeader) != "aws" || len(list) != 1 || list[0].Unverified == nil || !list[0].Unverified.Waits {
		t.Errorf("%v %+v", w.Header(), list)
	}
}
