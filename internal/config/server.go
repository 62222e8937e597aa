package config

import (
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"regexp"
	"strconv"
	"strings"

	"winnow/internal/yamldoc"
)

var admin = &yamldoc.Shape{Kind: yamldoc.Object, NotBoth: []string{"token", "token_file"}, Fields: []yamldoc.Field{
	{Key: "listen", Shape: address, Default: `"127.0.0.1:8081"`, Doc: "Address of the admin server. Any address but a loopback one requires a token."},
	{Key: "token", Shape: tokenOrNone, Doc: "Token of the admin server. Without it, winnow serve makes one and keeps it in winnow-admin.token beside the store."},
	{Key: "token_file", Shape: PathShape, Doc: "File that holds the token, relative to this file."},
	{Key: "tls", Shape: tls, Doc: "Serve the admin server over TLS."},
}}

var tls = &yamldoc.Shape{Kind: yamldoc.Object, Min: 1, Fields: []yamldoc.Field{
	{Key: "cert", Shape: PathShape, Required: true, Doc: "PEM file of the certificate chain, relative to this file; reloaded when it changes."},
	{Key: "key", Shape: PathShape, Required: true, Doc: "PEM file of the private key, relative to this file; reloaded when it changes."},
}}

var (
	address = &yamldoc.Shape{Kind: yamldoc.Text, EditorPattern: `:\+?[0-9]+$`, Expect: `an address like ":8080" or "127.0.0.1:8081"`,
		Hints: yamldoc.Hints{Number: `write ":%s"`}}
	token       = &yamldoc.Shape{Kind: yamldoc.Secret, Expect: "a token of at least 16 characters", Pattern: regexp.MustCompile(`^[A-Za-z0-9._~-]{16,}$`)}
	tokenOrNone = &yamldoc.Shape{Kind: yamldoc.Secret, Expect: token.Expect, Pattern: token.Pattern, ZeroAllowed: true}
)

// readServers reads the two servers, which cannot share an address.
func (r *reader) readServers(c *Config, e *yamldoc.Entry) {
	c.Listen = readAddress(e.Get("listen"))
	c.TLS = r.readTLS(e.Get("tls"))
	c.Admin = r.readAdmin(e.Get("admin"), e.Has("log_token") || e.Has("log_token_file"))
	c.LogToken, _ = r.readToken(e, "log_token")
	if c.LogToken != "" && c.LogToken == c.Admin.Token {
		e.ReportKey("log_token", "this is also the token of admin", "use different tokens: this one is given to another host")
	}
	if sameAddress(c.Listen, c.Admin.Listen) {
		e.Get("admin").Get("listen").Report("the admin server cannot have the address of the public server", "use another port")
	}
}

func (r *reader) readTLS(e *yamldoc.Entry) *TLS {
	if e == nil {
		return nil
	}
	return &TLS{Cert: r.absolute(e.Get("cert").Text()), Key: r.absolute(e.Get("key").Text())}
}

// readAdmin reads the admin server. Beside a token of the log it may listen anywhere: it is
// meant to be asked from another host, and winnow makes the token for all else.
func (r *reader) readAdmin(e *yamldoc.Entry, logToken bool) Admin {
	a := Admin{Listen: readAddress(e.Get("listen")), TLS: r.readTLS(e.Get("tls"))}
	if file := e.Get("token_file"); e.Has("token_file") && file.Text() != "" {
		a.TokenFile = r.absolute(file.Text())
	}
	known := false
	a.Token, known = r.readToken(e, "token")
	if known && !logToken && e.Valid() && a.Token == "" && a.Listen != "" && !isLoopback(a.Listen) {
		e.Get("listen").Report(yamldoc.Quote(a.Listen)+" is not a loopback address, so a token is required", "set admin.token, or listen on 127.0.0.1")
	}
	return a
}

// readToken reads the one token that a key, or the same key with _file, has; empty for
// none. known reports that there is none; otherwise it is invalid, or not known here.
func (r *reader) readToken(e *yamldoc.Entry, key string) (text string, known bool) {
	own := e.Get(key)
	switch {
	case e.Has(key) && e.Has(key+"_file"):
		e.ReportKey(key+"_file", yamldoc.Quote(key)+" and "+yamldoc.Quote(key+"_file")+" are both set", "keep one of them")
		return "", false
	case e.Has(key + "_file"):
		if lines := r.readTokenFile(e.Get(key + "_file")); len(lines) > 0 {
			return lines[0], true
		}
		return "", false
	case own.Text() != "":
		if !checkToken(own, own.Text()) {
			return "", false
		}
		return own.Text(), true
	}
	return "", !e.Has(key) || own != nil && !own.Unset()
}

var tokenCharacters = regexp.MustCompile(`^[A-Za-z0-9._~-]*$`)

// checkToken reports whether text is a valid token. The problem does not repeat it.
func checkToken(e *yamldoc.Entry, text string) bool {
	switch {
	case token.Pattern.MatchString(text):
		why := weakness(text)
		return why == "" || !e.ReportNew("the token can be guessed: "+why, "make one with: openssl rand -hex 16")
	case !tokenCharacters.MatchString(text):
		e.Report("a token can have only letters, digits and - . _ ~", "make one with: openssl rand -hex 16")
	default:
		e.Report("the token has "+strconv.Itoa(len(text))+" characters, fewer than 16", "make one with: openssl rand -hex 16")
	}
	return false
}

// readTokenFile reads tokens from a file, one per line. It leaves out invalid ones.
func (r *reader) readTokenFile(e *yamldoc.Entry) []string {
	content, ok := r.secretText(e)
	if !ok {
		return nil
	}
	var tokens []string
	for line := range strings.Lines(content) {
		if line = strings.TrimRight(line, "\r\n"); line != "" && checkToken(e, line) {
			tokens = append(tokens, line)
		}
	}
	if strings.TrimSpace(content) == "" {
		e.Report(yamldoc.Quote(e.Text())+" contains no token", "")
	}
	return tokens
}

// secretText is the text of a file with secrets, whose change is one of the config. It
// reports whether it can be read.
func (r *reader) secretText(e *yamldoc.Entry) (text string, ok bool) {
	if e == nil || r.options.Sealed {
		return "", false
	}
	path := r.absolute(e.Text())
	r.tokenFiles = append(r.tokenFiles, path)
	content, err := os.ReadFile(path)
	if err != nil && r.options.Secrets != SecretsOptional {
		e.Report("cannot read "+yamldoc.Quote(e.Text())+": "+reasonOf(err), "the path is relative to the config file")
	}
	return string(content), err == nil
}

// reasonOf is why a file cannot be read, without its path.
func reasonOf(err error) string {
	var cause *fs.PathError
	if errors.As(err, &cause) {
		err = cause.Err
	}
	return err.Error()
}

// readAddress reads host:port.
func readAddress(e *yamldoc.Entry) string {
	if e == nil {
		return ""
	}
	_, port, err := net.SplitHostPort(e.Text())
	if n, errPort := strconv.Atoi(port); err != nil || errPort != nil || n < 0 || n > 65535 {
		e.Report(yamldoc.Quote(e.Text())+` is not an address like ":8080" or "127.0.0.1:8081"`, "")
		return ""
	}
	return e.Text()
}

// sameAddress reports whether two servers cannot both listen at these addresses. One
// that listens on every address of the machine takes the port on all of them.
func sameAddress(a, b string) bool {
	hostA, portA, errA := net.SplitHostPort(a)
	hostB, portB, errB := net.SplitHostPort(b)
	if errA != nil || errB != nil || portA != portB || portA == "0" {
		return false
	}
	return hostA == hostB || coversHost(hostA, hostB) || coversHost(hostB, hostA)
}

// coversHost reports whether a host includes every address of other.
func coversHost(host, other string) bool {
	return host == "" || host == "::" || host == "0.0.0.0" && !strings.Contains(other, ":")
}

func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
