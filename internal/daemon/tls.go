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

// serveTLS answers requests, over TLS when the config has a certificate for the server.
func serveTLS(s *http.Server, l net.Listener, cert *config.TLS) error {
	if cert == nil {
		return s.Serve(l)
	}
	pair := &keyPair{cert: cert.Cert, key: cert.Key}
	if _, err := pair.certificate(nil); err != nil {
		return err
	}
	s.TLSConfig = &tls.Config{GetCertificate: pair.certificate, MinVersion: tls.VersionTLS12}
	return s.ServeTLS(l, "", "")
}

// keyPair is a certificate and its key, read again when their files change. If the new
// pair can't be read, the previous one stays in use.
type keyPair struct {
	cert, key string // files

	mu      sync.Mutex
	version [2]atomicfile.Version // of the files when they were read
	loaded  *tls.Certificate
}

// certificate is a [tls.Config] GetCertificate.
func (p *keyPair) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	version := [2]atomicfile.Version{atomicfile.VersionOf(p.cert), atomicfile.VersionOf(p.key)}
	if p.loaded != nil && version == p.version {
		return p.loaded, nil
	}
	pair, err := tls.LoadX509KeyPair(p.cert, p.key)
	if err != nil {
		if p.loaded != nil {
			return p.loaded, nil
		}
		return nil, err
	}
	p.loaded, p.version = &pair, version
	return p.loaded, nil
}

// PublicURL returns the URL at which this machine reaches the public server of a
// config, and a client for it. The client does not verify the certificate, whose name
// is not that of this machine.
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
