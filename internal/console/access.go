package console

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// guarded tells browsers to be careful with every answer, and answers no Host
// that a web page elsewhere could have made up when there is no token to ask for.
func (d *door) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		if req.ProtoMajor != 1 {
			h.Set("Connection", "close")
			d.fail(w, req, refuse(http.StatusHTTPVersionNotSupported, "this server speaks HTTP/1.1: set the proxy in front of it to HTTP/1.1"))
			return
		}
		if d.Token == "" && !local(req.Host) {
			d.fail(w, req, refuse(http.StatusMisdirectedRequest, "without admin.token this is answered at an address or localhost only: set a token to use a name"))
			return
		}
		next.ServeHTTP(w, req)
	})
}

// local tells whether a Host is an IP address, localhost, or none, which no
// browser sends.
func local(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	_, err := netip.ParseAddr(host)
	return host == "" || err == nil || strings.EqualFold(host, "localhost")
}

// is tells whether a token is the right one. Digests all have one length, and
// comparing them tells nothing about a token that is nearly right.
func (d *door) is(token string) bool {
	given, right := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(d.Token))
	return subtle.ConstantTimeCompare(given[:], right[:]) == 1
}

// bears tells whether the request may be answered: no token is asked for, or it
// has the right one.
func (d *door) bears(req *http.Request) bool {
	scheme, token, _ := strings.Cut(req.Header.Get("Authorization"), " ")
	return d.Token == "" || strings.EqualFold(scheme, "Bearer") && d.is(strings.TrimSpace(token))
}

// demandBearer refuses a request without the token.
func (d *door) demandBearer(w http.ResponseWriter, req *http.Request) error {
	if d.bears(req) {
		return nil
	}
	challenge := `Bearer realm="winnow"`
	if req.Header.Get("Authorization") != "" {
		challenge += `, error="invalid_token"`
	}
	w.Header().Set("WWW-Authenticate", challenge)
	return refuse(http.StatusUnauthorized, "this needs the admin token: send the header Authorization: Bearer TOKEN")
}

// withPassword lets in who gives the token as the password of any user name,
// which a browser can ask for.
func (d *door) withPassword(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if _, password, _ := req.BasicAuth(); d.Token == "" || d.is(password) {
			next.ServeHTTP(w, req)
			return
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="winnow", charset="UTF-8"`)
		d.fail(w, req, refuse(http.StatusUnauthorized, "this needs the admin token: give it as the password, with any user name"))
	})
}
