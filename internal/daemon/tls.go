package daemon

import (
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"time"

	"winnow/internal/atomicfile"
	"winnow/internal/config"
)

// servePublic answers callbacks, over TLS when the config has a certificate.
func servePublic(s *http.Server, l net.Listener, cert *config.TLS) error {
	if cert == nil {
		return s.Serve(l)
	}
	pair := &keyPair{cert: cert.Cert, key: cert.Key}
	if _, err := pair.get(nil); err != nil {
		return err
	}
	s.TLSConfig = &tls.Config{GetCertificate: pair.get, MinVersion: tls.VersionTLS12}
	return s.ServeTLS(l, "", "")
}

// keyPair is a certificate and its key, read again when their files change. A
// pair that can't be read leaves the one before in use.
type keyPair struct {
	cert, key string

	mu     sync.Mutex
	seen   [2]atomicfile.Version
	loaded *tls.Certificate
}

func (p *keyPair) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := [2]atomicfile.Version{atomicfile.VersionOf(p.cert), atomicfile.VersionOf(p.key)}
	if p.loaded != nil && now == p.seen {
		return p.loaded, nil
	}
	pair, err := tls.LoadX509KeyPair(p.cert, p.key)
	if err != nil {
		if p.loaded != nil {
			return p.loaded, nil
		}
		return nil, err
	}
	p.loaded, p.seen = &pair, now
	return p.loaded, nil
}

// PublicURL is how this machine reaches the public door of a config. The
// certificate is not checked: the name in it is not this machine's.
func PublicURL(cfg *config.Config) (url string, client *http.Client) {
	host, port, err := net.SplitHostPort(cfg.Listen)
	if err != nil || host == "" || host == "0.0.0.0" || host == "::" {
		host = "127.0.0.1"
	}
	client = &http.Client{Timeout: 5 * time.Second}
	if cfg.TLS == nil {
		return "http://" + net.JoinHostPort(host, port), client
	}
	client.Transport = &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	return "https://" + net.JoinHostPort(host, port), client
}
