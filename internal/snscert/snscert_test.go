package snscert_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"winnow/internal/snscert"
)

// amazon answers requests.
type amazon func(*http.Request) (*http.Response, error)

func (a amazon) RoundTrip(req *http.Request) (*http.Response, error) { return a(req) }

func answer(status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(body)), Header: http.Header{"Location": {"https://evil.example/"}}}
}

func certificate(t *testing.T) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

const url = "https://sns.eu-west-1.amazonaws.com/a.pem"

var discard = slog.New(slog.DiscardHandler)

func TestACertificateIsKnownOnceItIsFetched(t *testing.T) {
	text := certificate(t)
	synctest.Test(t, func(t *testing.T) {
		var asked, news atomic.Int64
		c := snscert.New(discard, amazon(func(req *http.Request) (*http.Response, error) {
			if n := asked.Add(1); n < 4 {
				return nil, errors.New("no network")
			}
			return answer(200, text), nil
		}))
		c.OnNew = func() { news.Add(1) }
		ctx, cancel := context.WithCancel(t.Context())
		go c.Run(ctx)
		for range 100 {
			if c.Get(url) != nil {
				t.Fatal("it is known already")
			}
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if c.Get(url) != nil || asked.Load() != 1 {
			t.Errorf("asked %d times", asked.Load())
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if c.Get(url) == nil || asked.Load() != 4 || news.Load() != 1 {
			t.Errorf("asked %d times, new %d times", asked.Load(), news.Load())
		}
		cancel()
		synctest.Wait()
	})
}

func TestOnlyCertificatesOfAmazonAreFetched(t *testing.T) {
	good := certificate(t)
	for name, c := range map[string]struct {
		url    string
		answer *http.Response
		want   string
	}{
		"another host": {"https://evil.example/a.pem", answer(200, good), "not one of Amazon SNS"},
		"no TLS":       {"http://sns.eu-west-1.amazonaws.com/a.pem", answer(200, good), "not one of Amazon SNS"},
		"a redirect":   {url, answer(302, good), "answered 302"},
		"an error":     {url, answer(500, good), "answered 500"},
		"no PEM":       {url, answer(200, "<html>"), "no certificate"},
		"endless":      {url, answer(200, strings.Repeat("a", 1<<20)), "longer than"},
		"a key":        {url, answer(200, "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n"), "no certificate"},
	} {
		asked := 0
		certs := snscert.New(discard, amazon(func(req *http.Request) (*http.Response, error) {
			if asked++; req.URL.Host != "sns.eu-west-1.amazonaws.com" || req.URL.Scheme != "https" || asked > 1 {
				t.Errorf("%s: asked for %s", name, req.URL)
			}
			return c.answer, nil
		}))
		if _, err := certs.Fetch(t.Context(), c.url); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatIsAskedForIsBounded(t *testing.T) {
	text := certificate(t)
	synctest.Test(t, func(t *testing.T) {
		asked := map[string]int{}
		c := snscert.New(discard, amazon(func(req *http.Request) (*http.Response, error) {
			asked[req.URL.Path]++
			return answer(200, text), nil
		}))
		for i := range 1000 {
			c.Get(strings.Replace(url, "a.pem", strings.Repeat("a", 1+i%100)+".pem", 1))
		}
		ctx, cancel := context.WithCancel(t.Context())
		go c.Run(ctx)
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(asked) > 16 {
			t.Errorf("asked for %d", len(asked))
		}
		cancel()
		synctest.Wait()
	})
}

func TestURLsAtWhichNothingIsKeepNoCertificateOut(t *testing.T) {
	text := certificate(t)
	synctest.Test(t, func(t *testing.T) {
		c := snscert.New(discard, amazon(func(req *http.Request) (*http.Response, error) {
			if strings.HasSuffix(url, req.URL.Path) {
				return answer(200, text), nil
			}
			return answer(403, ""), nil
		}))
		ctx, cancel := context.WithCancel(t.Context())
		go c.Run(ctx)
		for i := range 16 {
			c.Get(strings.Replace(url, "a.pem", strings.Repeat("b", 1+i)+".pem", 1))
		}
		time.Sleep(time.Second)
		synctest.Wait()
		c.Get(url)
		time.Sleep(time.Second)
		synctest.Wait()
		if c.Get(url) == nil {
			t.Error("the certificate is not fetched while others can't be")
		}
		cancel()
		synctest.Wait()
	})
}
