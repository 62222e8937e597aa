// Package snscert fetches the certificates that Amazon SNS signs with. It is never on the
// path from a callback to its answer: what is not known yet is asked for, and fetched
// while the callback waits in quarantine.
//
// A callback names the URL of its certificate, and anybody may send one. So only URLs that
// [winnow/hygiene/provider/signature] took for those of Amazon SNS are asked for; redirects
// are not followed; what is fetched, known and waiting is bounded, and a URL that fails is
// left alone for longer each time.
package snscert

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"winnow/hygiene/provider/signature"
)

const (
	fetchWithin = 10 * time.Second
	maxBytes    = 64 << 10
	// maxKnown is how many certificates are known. Amazon has one a region, and a new one
	// about once a year.
	maxKnown   = 64
	maxWaiting = 16
	firstWait  = 2 * time.Second
	longWait   = 5 * time.Minute
	// maxTries is after how many failures a URL is given up, until it is asked for again.
	maxTries = 50
)

// Certificates are the certificates that are known. The methods are safe for concurrent use.
type Certificates struct {
	client *http.Client
	log    *slog.Logger
	// OnNew is called when a certificate came to be known; nil for nothing. It is set before
	// Run.
	OnNew func()

	mu      sync.Mutex
	known   map[string]*x509.Certificate
	order   []string // of known, the oldest first
	waiting []*wish
	wake    chan struct{}
}

// wish is a URL that was asked for.
type wish struct {
	url   string
	tries int
	next  time.Time
}

// New knows none. transport fetches; nil for the network.
func New(log *slog.Logger, transport http.RoundTripper) *Certificates {
	if transport == nil {
		transport = &http.Transport{Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: fetchWithin, MaxIdleConns: 1, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 16 << 10}
	}
	return &Certificates{log: log, known: map[string]*x509.Certificate{}, wake: make(chan struct{}, 1), client: &http.Client{Transport: transport, Timeout: fetchWithin,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// Get is the certificate at a URL; nil when it is not known. Then it is asked for.
func (c *Certificates) Get(url string) *x509.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	if cert := c.known[url]; cert != nil {
		return cert
	}
	for _, w := range c.waiting {
		if w.url == url {
			return nil
		}
	}
	if len(c.waiting) == maxWaiting {
		c.giveUpOne()
	}
	if len(c.waiting) < maxWaiting {
		c.waiting = append(c.waiting, &wish{url: url})
		select {
		case c.wake <- struct{}{}:
		default:
		}
	}
	return nil
}

// giveUpOne makes room: it gives up the URL that failed most often, if one has failed.
// Anybody who knows the callback URL can ask for URLs at which nothing is, and must not keep
// the right one out with them.
func (c *Certificates) giveUpOne() {
	most := 0
	for i := range c.waiting {
		if c.waiting[i].tries > c.waiting[most].tries {
			most = i
		}
	}
	if c.waiting[most].tries > 0 {
		c.waiting = append(c.waiting[:most], c.waiting[most+1:]...)
	}
}

// Run fetches what is asked for, until ctx ends.
func (c *Certificates) Run(ctx context.Context) {
	for ctx.Err() == nil {
		w, wait := c.due(time.Now())
		if w == nil {
			select {
			case <-ctx.Done():
			case <-c.wake:
			case <-time.After(wait):
			}
			continue
		}
		_, err := c.Fetch(ctx, w.url)
		c.settle(w, err)
		if err == nil && c.OnNew != nil {
			c.OnNew()
		}
	}
}

// due is a URL to be fetched now, or how long there is none.
func (c *Certificates) due(now time.Time) (*wish, time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	wait := time.Hour
	for _, w := range c.waiting {
		if !now.Before(w.next) {
			return w, 0
		}
		wait = min(wait, w.next.Sub(now))
	}
	return nil, wait
}

// settle notes how fetching a URL ended.
func (c *Certificates) settle(w *wish, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		if w.tries++; w.tries == 1 || w.tries%10 == 0 {
			c.log.Warn("a certificate of Amazon SNS can't be fetched; what it signed waits in quarantine", "url", w.url, "tries", w.tries, "error", err)
		}
		w.next = time.Now().Add(min(longWait, firstWait<<min(w.tries, 10)))
		if w.tries < maxTries {
			return
		}
	}
	for i := range c.waiting {
		if c.waiting[i] == w {
			c.waiting = append(c.waiting[:i], c.waiting[i+1:]...)
			return
		}
	}
}

// Fetch fetches the certificate at a URL of Amazon SNS now, and knows it from then on.
func (c *Certificates) Fetch(ctx context.Context, url string) (*x509.Certificate, error) {
	text, err := c.get(ctx, url)
	if err != nil {
		return nil, err
	}
	cert, err := signature.ParseCertificate(text)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known[url] == nil {
		c.order = append(c.order, url)
	}
	c.known[url] = cert
	if len(c.order) > maxKnown {
		delete(c.known, c.order[0])
		c.order = c.order[1:]
	}
	return cert, nil
}

// Fetcher is Get for callers who can wait: it fetches what is not known. A URL that fails
// is not tried again.
func (c *Certificates) Fetcher(ctx context.Context) func(url string) *x509.Certificate {
	failed := map[string]bool{}
	return func(url string) *x509.Certificate {
		c.mu.Lock()
		cert := c.known[url]
		c.mu.Unlock()
		if cert == nil && !failed[url] && len(failed) < maxWaiting {
			var err error
			cert, err = c.Fetch(ctx, url)
			failed[url] = err != nil
		}
		return cert
	}
}

// Confirm visits the URL by which a subscription is confirmed.
func (c *Certificates) Confirm(ctx context.Context, url string) error {
	_, err := c.get(ctx, url)
	return err
}

// get is what is at a URL of Amazon SNS.
func (c *Certificates) get(ctx context.Context, url string) ([]byte, error) {
	if !signature.IsSNS(url) {
		return nil, errors.New("the URL is not one of Amazon SNS")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	res, err := c.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("it is answered %d", res.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, maxBytes+1))
	if err == nil && len(text) > maxBytes {
		err = fmt.Errorf("the answer is longer than %d bytes", maxBytes)
	}
	return text, err
}
