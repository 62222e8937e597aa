package simulate

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strings"

	"winnow/hygiene/contactkey"
	"winnow/hygiene/provider"
	"winnow/internal/app"
	"winnow/internal/config"
	"winnow/internal/daemon"
	"winnow/internal/presets"
	"winnow/internal/simulate/answered"
	"winnow/internal/simulate/bodies"
	"winnow/internal/simulate/traffic"
	"winnow/internal/ui"
)

// target is where callbacks are sent, and how that reads them.
type target struct {
	to        *url.URL
	path      string // before /callbacks/
	tls       *tls.Config
	token     string
	header    [][2]string // of every callback
	signer    *signer     // nil where nothing is verified
	name      string      // of the source
	preset    string
	source    bodies.Source
	phoneKeys bool // contacts are phone numbers
	// needsSendLog says that only the send log knows the contacts, or makes events act.
	needsSendLog bool
	config       string
}

// values are what a callback says.
func (t *target) values(run string, c *traffic.Callback) bodies.Values {
	v := bodies.Values{ID: answered.ID(run, c.Message), Phone: traffic.Phone(c.Contact), Contact: traffic.Key(c.Contact), At: c.At}
	if t.phoneKeys {
		v.Contact = v.Phone
	}
	return v
}

// sourceOf is a source of a config: that of the name, or the only one.
func sourceOf(cfg *config.Config, name string) (*config.Source, error) {
	var names []string
	for i := range cfg.Sources {
		if cfg.Sources[i].Name == name || name == "" && len(cfg.Sources) == 1 {
			return &cfg.Sources[i], nil
		}
		names = append(names, cfg.Sources[i].Name)
	}
	if name == "" {
		return nil, ui.Usagef("%s has several sources; name one with --source: %s", cfg.Path, ui.AndList(names))
	}
	return nil, ui.Usagef("%s has no source %q; its sources are %s", cfg.Path, name, ui.AndList(names))
}

// ofConfig is the target of a source of a config.
func ofConfig(cfg *config.Config, name string) (*target, error) {
	s, err := sourceOf(cfg, name)
	if err != nil {
		return nil, err
	}
	p, err := presets.Find(s.Preset)
	if err != nil {
		return nil, fmt.Errorf("source %s of %s has no preset, so there are no examples of its callbacks; winnow simulate needs a source with one", s.Name, cfg.Path)
	}
	reader, err := cfg.Reader(s, nil)
	if err != nil {
		return nil, err
	}
	t := &target{name: s.Name, preset: s.Preset, config: cfg.Path, phoneKeys: cfg.Keys.Phone || s.Contact == "to", needsSendLog: s.Contact == "" || s.RequireSendLog,
		source: bodies.Source{Format: s.Format, Contact: s.Contact, Reader: reader, Lines: linesOf(p, s.Format, s.Outcomes), Examples: p.Examples}}
	if t.signer, err = signerOf(cfg, s); err != nil {
		return nil, err
	}
	t.source.Signed = t.signer.signed(s.Signature != nil && s.Signature.Reject)
	if len(s.Tokens) > 0 {
		t.token = s.Tokens[0]
	}
	if len(s.From) > 0 {
		t.header = append(t.header, [2]string{"X-Forwarded-For", s.From[0].Addr().String()})
	}
	return t, nil
}

// linesOf are the lines of an outcome table, the source's own before those of its format,
// with the events in the provider's spelling.
func linesOf(p *presets.Preset, f *provider.Format, own []provider.Line) (lines []provider.Line) {
	spelling := map[string]string{}
	for _, line := range append(own[:len(own):len(own)], f.Outcomes...) {
		event, known := spelling[line.Event]
		if !known {
			event = spelled(p.Text, line.Event)
			spelling[line.Event] = event
		}
		line.Event = event
		lines = append(lines, line)
	}
	return lines
}

// spelled is how the file of a preset spells an event.
func spelled(text []byte, event string) string {
	found := regexp.MustCompile(`(?i)event: \[?[^\]}\n]*?\b(` + regexp.QuoteMeta(event) + `)\b`).FindSubmatch(text)
	if found == nil {
		return event
	}
	return string(found[1])
}

// TokenVariable is the variable of the environment with the token of the callback URL.
const TokenVariable = "WINNOW_CALLBACK_TOKEN"

// remote is the target of a URL, of which only the preset is known.
func (o *Options) remote() (*target, error) {
	to, err := url.Parse(o.To)
	if err != nil || to.Scheme != "http" && to.Scheme != "https" || to.Host == "" {
		return nil, ui.Usagef("--to %q is not a URL; write the beginning of the callback URL, like https://sms.example.com", o.To)
	}
	if strings.Contains(to.Path, "/callbacks/") || to.User != nil || to.RawQuery != "" {
		return nil, ui.Usagef("--to ends before /callbacks/; the token is read from --token-file or %s, since others can see a command line", TokenVariable)
	}
	p, err := presets.Find(o.Preset)
	if err != nil {
		return nil, err
	}
	contact := o.Contact
	if contact == "" {
		contact = p.Contact
	}
	keys := contactkey.Format{}
	reader, err := provider.New(provider.Config{Source: p.Name, Format: p.Format, Contact: contact, Keys: keys})
	if err != nil {
		return nil, ui.Usagef("--contact: %w", err)
	}
	t := &target{to: to, path: strings.TrimRight(to.EscapedPath(), "/"), preset: p.Name, name: p.Name, phoneKeys: contact == "to",
		source: bodies.Source{Format: p.Format, Contact: contact, Reader: reader, Lines: linesOf(p, p.Format, nil), Examples: p.Examples}}
	t.token, err = o.token()
	return t, err
}

// token reads the token of the callback URL.
func (o *Options) token() (string, error) {
	if o.TokenFile == "" {
		if token := os.Getenv(TokenVariable); token != "" {
			return token, nil
		}
		return "", ui.Usagef("--to needs the token of the callback URL: --token-file FILE, or the variable %s", TokenVariable)
	}
	text, err := os.ReadFile(o.TokenFile)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" {
			return line, nil
		}
	}
	return "", fmt.Errorf("%s has no token", o.TokenFile)
}

// live is the target of the daemon of a config.
func (o *Options) live() (*target, error) {
	cfg, err := app.Options{Path: o.Config}.Load()
	if err != nil {
		return nil, err
	}
	t, err := ofConfig(cfg, o.Source)
	if err != nil {
		return nil, err
	}
	if t.token == "" {
		return nil, errors.New("the tokens of source " + t.name + " are not set here: set the variable that " + cfg.Path + " names, or run this as the daemon's user")
	}
	address, _ := daemon.PublicURL(cfg)
	if t.to, err = url.Parse(address); err != nil {
		return nil, err
	}
	t.tls = &tls.Config{InsecureSkipVerify: true} // this host, whose certificate is for another name
	return t, nil
}
