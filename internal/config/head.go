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
	"time"

	"winnow/hygiene"
)

// readHead reads what is not about contacts: doors, store, time zone, keys.
func (r *reader) readHead(c *Config, e *entry) {
	c.Listen = r.address(e.get("listen"))
	c.TLS = r.readTLS(e.get("tls"))
	c.Admin = r.readAdmin(e.get("admin"))
	c.Store = r.store(e.get("store"))
	c.Timezone = r.timezone(e.get("timezone"))
	c.Keys = r.keys(e.get("contacts"))
	if samePlace(c.Listen, c.Admin.Listen) {
		r.tellAt(e.get("admin").get("listen"), "the private door can't have the address of the public one", "give it a port of its own")
	}
}

func (r *reader) readTLS(e *entry) *TLS {
	if e == nil {
		return nil
	}
	return &TLS{Cert: r.absolute(e.get("cert").words()), Key: r.absolute(e.get("key").words())}
}

func (r *reader) readAdmin(e *entry) Admin {
	a := Admin{Listen: r.address(e.get("listen"))}
	token := e.get("token")
	known := true
	switch {
	case e.has("token") && e.has("token_file"):
		r.tellKey(e, "token_file", `"token" and "token_file" are both written`, "keep one of them")
		return a
	case e.has("token_file"):
		if lines := r.secretFile(e.get("token_file")); len(lines) > 0 {
			a.Token = lines[0]
		} else {
			known = false
		}
	case token != nil && token.text != "":
		if a.Token = token.text; !r.token(token, a.Token) {
			return a
		}
	default:
		known = !e.has("token") || token != nil && !token.unset
	}
	if known && e.sound() && a.Token == "" && a.Listen != "" && !loopback(a.Listen) {
		r.tellAt(e.get("listen"), quote(a.Listen)+" can be reached from outside, which demands a token", "set admin.token, or listen on 127.0.0.1")
	}
	return a
}

var tokenText = regexp.MustCompile(`^[A-Za-z0-9._~-]*$`)

// token tells whether a secret can be one; what is wrong never repeats it.
func (r *reader) token(e *entry, token string) bool {
	switch {
	case secrecy.pattern.MatchString(token):
		return true
	case !tokenText.MatchString(token):
		r.tellAt(e, "a token is made of letters, digits and - . _ ~", "make one with: openssl rand -hex 16")
	default:
		r.tellAt(e, "a token has at least 16 characters, this one has "+strconv.Itoa(len(token)), "make one with: openssl rand -hex 16")
	}
	return false
}

// secretFile reads secrets from a file, one a line, and leaves out those that
// can't be one.
func (r *reader) secretFile(e *entry) []string {
	if e == nil {
		return nil
	}
	content, err := os.ReadFile(r.absolute(e.text))
	if err != nil {
		if r.demand {
			r.tellAt(e, "can't read "+quote(e.text)+": "+reasonOf(err), "it is relative to the config's folder")
		}
		return nil
	}
	var secrets []string
	for line := range strings.Lines(string(content)) {
		if line = strings.TrimRight(line, "\r\n"); line != "" && r.token(e, line) {
			secrets = append(secrets, line)
		}
	}
	if strings.TrimSpace(string(content)) == "" {
		r.tellAt(e, quote(e.text)+" holds no token", "")
	}
	return secrets
}

// reasonOf is why a file can't be read, without its path.
func reasonOf(err error) string {
	var cause *fs.PathError
	if errors.As(err, &cause) {
		err = cause.Err
	}
	return err.Error()
}

// address is host:port as it can be listened on.
func (r *reader) address(e *entry) string {
	if e == nil {
		return ""
	}
	_, port, err := net.SplitHostPort(e.text)
	if n, errPort := strconv.Atoi(port); err != nil || errPort != nil || n < 0 || n > 65535 {
		r.tellAt(e, quote(e.text)+` is not an address like ":8080" or "127.0.0.1:8081"`, "")
		return ""
	}
	return e.text
}

// samePlace tells whether only one of two doors can be at these addresses: one
// for every address of the machine leaves none of its port.
func samePlace(a, b string) bool {
	hostA, portA, errA := net.SplitHostPort(a)
	hostB, portB, errB := net.SplitHostPort(b)
	if errA != nil || errB != nil || portA != portB || portA == "0" {
		return false
	}
	return hostA == hostB || holds(hostA, hostB) || holds(hostB, hostA)
}

// holds tells whether a host stands for every address that other could be.
func holds(host, other string) bool {
	return host == "" || host == "::" || host == "0.0.0.0" && !strings.Contains(other, ":")
}

func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// store is the path of the store's file.
func (r *reader) store(e *entry) string {
	if e == nil {
		return ""
	}
	path, ok := strings.CutPrefix(e.text, "sqlite://")
	switch {
	case strings.HasPrefix(e.text, "postgres"):
		r.tellAt(e, "PostgreSQL is no store yet", "write sqlite:// and a path")
	case !ok:
		r.tellAt(e, quote(e.text)+" is not a store", "write sqlite:// and a path, like sqlite://winnow.db")
	case path == "" || strings.HasSuffix(path, "/"):
		r.tellAt(e, "the store needs the name of a file", "write for example sqlite://winnow.db")
	case strings.ContainsAny(path, "?#%"):
		r.tellAt(e, "the store's path can't have ?, # or %", "")
	default:
		return r.absolute(path)
	}
	return ""
}

func (r *reader) timezone(e *entry) *time.Location {
	if e == nil {
		return time.UTC
	}
	zone, err := time.LoadLocation(e.text)
	if err != nil || e.text == "Local" {
		r.tellAt(e, quote(e.text)+" is not a time zone", "write for example UTC or Europe/Istanbul")
		return time.UTC
	}
	return zone
}

func (r *reader) keys(e *entry) hygiene.KeyFormat {
	f := hygiene.KeyFormat{Phone: e.get("key").words() == "phone", Region: e.get("region").words()}
	switch {
	case f.Region == "" || !e.sound():
	case !f.Phone:
		r.tellKey(e, "region", `"region" is only for keys that are phone numbers`, "write key: phone, or take it out")
	case !hygiene.KnownRegion(f.Region):
		r.tellAt(e.get("region"), "no phone numbers are known of region "+quote(f.Region), "write for example TR, DE or GB")
	}
	return f
}

// schedule is a schedule that can be kept.
func (r *reader) schedule(e *entry) string {
	if e == nil {
		return ""
	}
	if r.options.CheckSchedule != nil {
		if err := r.options.CheckSchedule(e.text); err != nil {
			r.tellAt(e, err.Error(), "")
		}
	}
	return e.text
}
