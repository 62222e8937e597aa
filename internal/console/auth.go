package console

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// protect sets the security headers of every answer. Without a token it refuses a
// Host that a web page elsewhere could have made up.
func (s *server) protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		if req.ProtoMajor != 1 {
			h.Set("Connection", "close")
			s.fail(w, req, apiErrorf(http.StatusHTTPVersionNotSupported, "this server speaks HTTP/1.1 only; set the proxy in front of it to HTTP/1.1"))
			return
		}
		if s.Token == "" && !isLocalHost(req.Host) {
			s.fail(w, req, apiErrorf(http.StatusMisdirectedRequest, "without admin.token the host must be an IP address or localhost; set admin.token to use a name"))
			return
		}
		next.ServeHTTP(w, req)
	})
}

// isLocalHost reports whether a Host is an IP address, localhost, or empty, which
// no browser sends.
func isLocalHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	_, err := netip.ParseAddr(host)
	return host == "" || err == nil || strings.EqualFold(host, "localhost")
}

// isToken reports whether a token is the right one. Digests all have the same
// length, and comparing them reveals nothing about a token that is nearly right.
func (s *server) isToken(token string) bool {
	given, right := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(s.Token))
	return subtle.ConstantTimeCompare(given[:], right[:]) == 1
}

// hasToken reports whether the request has access: no token is required, or it has
// the right one.
func (s *server) hasToken(req *http.Request) bool {
	scheme, token, _ := strings.Cut(req.Header.Get("Authorization"), " ")
	return s.Token == "" || strings.EqualFold(scheme, "Bearer") && s.isToken(strings.TrimSpace(token))
}

// requireBearer returns an error for a request without the token.
func (s *server) requireBearer(w http.ResponseWriter, req *http.Request) error {
	if s.hasToken(req) {
		return nil
	}
	challenge := `Bearer realm="winnow"`
	if req.Header.Get("Authorization") != "" {
		challenge += `, error="invalid_token"`
	}
	w.Header().Set("WWW-Authenticate", challenge)
	return apiErrorf(http.StatusUnauthorized, "the admin token is required; send the header Authorization: Bearer TOKEN")
}

// requirePassword requires the token as the password of any user name, which a
// browser can ask for.
func (s *server) requirePassword(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if _, password, _ := req.BasicAuth(); s.Token == "" || s.isToken(password) {
			next.ServeHTTP(w, req)
			return
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="winnow", charset="UTF-8"`)
		s.fail(w, req, apiErrorf(http.StatusUnauthorized, "the admin token is required; enter it as the password, with any user name"))
	})
}
