package console

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"

	"winnow/internal/connlimit"
)

// protect sets the security headers of every answer, and refuses other protocols and
// what other web sites make a browser ask.
//
// Any Host is answered. A web page elsewhere can point a name of its own at this
// server (DNS rebinding) and read what a browser receives under that name, but the
// browser has no session under it, and the page has no token: it can read the login
// form, which tells nothing.
func (s *server) protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		if req.ProtoMajor != 1 {
			h.Set("Connection", "close")
			s.fail(w, req, apiErrorf(http.StatusHTTPVersionNotSupported, "this server speaks HTTP/1.1 only; set the proxy in front of it to HTTP/1.1"))
			return
		}
		if isForeign(req) {
			s.fail(w, req, errCrossOrigin)
			return
		}
		next.ServeHTTP(w, req)
	})
}

var errCrossOrigin = apiErrorf(http.StatusForbidden, "cross-origin requests are not allowed")

// isForeign reports whether a page of another origin makes the browser send this
// request, except for a link to the first page. What such a page could learn from an
// answer that it can't read, as by its size or time, it must not.
//
// A browser says by Sec-Fetch-Site where a request comes from; others don't send it.
// same-site is another port or a sibling name, whose pages have this one's cookies
// sent along: they may link to any page.
func isForeign(req *http.Request) bool {
	site := req.Header.Get("Sec-Fetch-Site")
	if site == "" || site == "same-origin" || site == "none" {
		return false
	}
	link := isSafe(req.Method) && req.Header.Get("Sec-Fetch-Mode") == "navigate" && req.Header.Get("Sec-Fetch-Dest") == "document"
	return !link || site != "same-site" && req.URL.Path != "/"
}

func isSafe(method string) bool { return method == http.MethodGet || method == http.MethodHead }

// isToken reports whether a token is the right one, which the empty one never is.
// Digests all have the same length, and comparing them reveals nothing about a token
// that is nearly right.
func (s *server) isToken(token string) bool { return isSame(token, s.Token()) }

func isSame(token, current string) bool {
	given, right := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(current))
	return current != "" && subtle.ConstantTimeCompare(given[:], right[:]) == 1
}

// bearerOf is the bearer token of a request; empty if it has none.
func bearerOf(req *http.Request) string {
	scheme, token, _ := strings.Cut(req.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// isLogToken reports whether a token is the one that opens the log alone.
func (s *server) isLogToken(token string) bool {
	return s.LogToken != nil && isSame(token, s.LogToken())
}

// requireLogToken returns an error for a request with neither of the tokens that open the
// log.
func (s *server) requireLogToken(w http.ResponseWriter, req *http.Request) error {
	given := bearerOf(req)
	if s.isLogToken(given) {
		connlimit.Hold(req.Context())
		return nil
	}
	err := s.requireBearer(w, req)
	switch {
	case err == nil:
		return nil
	case given == "":
		return apiErrorf(http.StatusUnauthorized, "log_token of this host's config, or the admin token is required; send the header Authorization: Bearer TOKEN")
	default:
		return apiErrorf(http.StatusUnauthorized, "the token is wrong; it is log_token of this host's config, or its admin token")
	}
}

// whereTokenIs ends the sentences about a wrong token.
const whereTokenIs = "winnow uses admin.token of its config or, without one, the text of " + TokenFile + " beside its store"

// requireBearer returns an error for a request without the token.
func (s *server) requireBearer(w http.ResponseWriter, req *http.Request) error {
	const challenge = `Bearer realm="winnow"`
	given := bearerOf(req)
	switch {
	case given == "":
		w.Header().Set("WWW-Authenticate", challenge)
		return apiErrorf(http.StatusUnauthorized, "the admin token is required; send the header Authorization: Bearer TOKEN")
	case !s.isToken(given):
		s.refuse(w, req)
		w.Header().Set("WWW-Authenticate", challenge+`, error="invalid_token"`)
		return apiErrorf(http.StatusUnauthorized, "the admin token is wrong; "+whereTokenIs)
	}
	connlimit.Hold(req.Context())
	return nil
}
