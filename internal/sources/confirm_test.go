package sources

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
	"net/url"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/callback"
	"winnow/hygiene/provider/signature"
	"winnow/internal/app"
	"winnow/internal/apptest"
	"winnow/internal/config"
	"winnow/internal/snscert"
	"winnow/internal/ui"
)

const topic = "arn:aws:sns:eu-west-1:123456789012:delivery"

// amazon is Amazon SNS: it has a certificate, and notes what is visited.
type amazon struct {
	key         *rsa.PrivateKey
	certificate string
	visited     []string
}

func newAmazon(t *testing.T) *amazon {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &amazon{key: key, certificate: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))}
}

// RoundTrip implements http.RoundTripper.
func (a *amazon) RoundTrip(req *http.Request) (*http.Response, error) {
	text := a.certificate
	if !strings.HasSuffix(req.URL.Path, ".pem") {
		a.visited, text = append(a.visited, req.URL.String()), "<ConfirmSubscriptionResponse/>"
	}
	return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(text))}, nil
}

// asks is a signed request to confirm that a URL may have the messages of a topic.
func (a *amazon) asks(t *testing.T, of, at string) []byte {
	t.Helper()
	parts := []string{"Message", "You have chosen to subscribe.", "MessageId", "1", "SubscribeURL", at, "Timestamp", "2026-01-01T00:00:00.000Z", "Token", "2336412f37", "TopicArn", of, "Type", "SubscriptionConfirmation"}
	fields := map[string]string{"SignatureVersion": "2", "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/a.pem"}
	for i := 0; i < len(parts); i += 2 {
		fields[parts[i]] = parts[i+1]
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n") + "\n"))
	signed, err := rsa.SignPKCS1v15(rand.Reader, a.key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	fields["Signature"] = base64.StdEncoding.EncodeToString(signed)
	text, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func subscribe(host, of string) string {
	return "https://" + host + "/?" + url.Values{"Action": {"ConfirmSubscription"}, "TopicArn": {of}, "Token": {"2336412f37"}}.Encode()
}

// confirm confirms at a source of the topic, whose quarantine has these bodies.
func confirm(t *testing.T, a *amazon, bodies ...[]byte) (text string, left int64, err error) {
	t.Helper()
	ops := apptest.Operations(t)
	var kept []hygiene.Unreadable
	for _, b := range bodies {
		kept = append(kept, hygiene.Unreadable{ReceivedAt: hygiene.InstantOf(time.Now()), Source: "insider", Why: signature.WhyConfirm, Body: b, Unverified: &callback.Unverified{Method: "POST", Target: "/{token}", Waits: true}})
	}
	if err := ops.Store.Append(t.Context(), nil, kept); err != nil {
		t.Fatal(err)
	}
	ops.Config.Sources[0].Signature = &config.Signature{Scheme: signature.SNS{}, Values: []string{topic}}
	var out strings.Builder
	err = Confirm(t.Context(), ui.NewPrinter(&out, io.Discard, false), &app.App{Config: ops.Config, Store: ops.Store}, "insider", snscert.New(slog.New(slog.DiscardHandler), a))
	totals, totalsErr := ops.Store.Totals()
	if totalsErr != nil {
		t.Fatal(totalsErr)
	}
	return out.String(), totals.Quarantined, err
}

func TestASubscriptionIsConfirmedAtAmazonAlone(t *testing.T) {
	a := newAmazon(t)
	at := subscribe("sns.eu-west-1.amazonaws.com", topic)
	text, left, err := confirm(t, a, a.asks(t, topic, at), []byte("no JSON"), a.asks(t, topic, at))
	if err != nil || left != 1 || len(a.visited) != 1 || a.visited[0] != at || !strings.Contains(text, "confirmed: "+topic+" delivers to source insider") {
		t.Errorf("%q, %d are left, visited %q: %v", text, left, a.visited, err)
	}
}

func TestNothingIsVisitedThatIsNotVerified(t *testing.T) {
	good, other := subscribe("sns.eu-west-1.amazonaws.com", topic), topic+"2"
	for name, c := range map[string]struct {
		body func(a *amazon) []byte
		want string
	}{
		"none":             {func(*amazon) []byte { return []byte("{}") }, "no request to confirm"},
		"another topic":    {func(a *amazon) []byte { return a.asks(t, other, subscribe("sns.eu-west-1.amazonaws.com", other)) }, "another topic"},
		"of somebody else": {func(*amazon) []byte { return newAmazon(t).asks(t, topic, good) }, "does not match"},
		"changed": {func(a *amazon) []byte {
			return []byte(strings.Replace(string(a.asks(t, topic, good)), "2336412f37", "2336412f38", 1))
		}, "does not match"},
		"another host":       {func(a *amazon) []byte { return a.asks(t, topic, subscribe("evil.example", topic)) }, "not one of Amazon SNS"},
		"inside the network": {func(a *amazon) []byte { return a.asks(t, topic, "http://169.254.169.254/latest/meta-data/") }, "not one of Amazon SNS"},
		"another action": {func(a *amazon) []byte {
			return a.asks(t, topic, "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe&TopicArn="+topic)
		}, "does not confirm"},
		"for another topic": {func(a *amazon) []byte { return a.asks(t, topic, subscribe("sns.eu-west-1.amazonaws.com", other)) }, "does not confirm"},
	} {
		a := newAmazon(t)
		if _, left, err := confirm(t, a, c.body(a)); err == nil || !strings.Contains(err.Error(), c.want) || left != 1 || len(a.visited) != 0 {
			t.Errorf("%s: %d are left, visited %q: %v", name, left, a.visited, err)
		}
	}
}
