package simulate

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"winnow/internal/config"
	"winnow/internal/presets"
	"winnow/internal/simulate/bodies"
)

// topLevel matches the beginning of a key of a config that is not inside another.
var topLevel = regexp.MustCompile(`^([a-z_]+):`)

// withoutKeys is a config without those keys and all that is under them.
func withoutKeys(text string, keys ...string) string {
	var b strings.Builder
	dropped := false
	for line := range strings.Lines(text) {
		if m := topLevel.FindStringSubmatch(line); m != nil {
			dropped = slices.Contains(keys, m[1])
		}
		if !dropped {
			b.WriteString(line)
		}
	}
	return b.String()
}

// ofThisHost are the keys of a config that a throw-away daemon has of its own: where it
// listens, and all by which it would touch what others use.
var ofThisHost = []string{"listen", "admin", "tls", "store", "folder", "backup", "receivers", "log_token", "log_token_file", "log", "trusted_proxies"}

// storeFile is the store of a throw-away daemon.
const storeFile = "simulated.db"

// head is the beginning of a throw-away config.
const head = `# A throw-away daemon of winnow simulate.
listen: "127.0.0.1:0"
admin: {listen: "127.0.0.1:0"}
store: sqlite://` + storeFile + `
trusted_proxies: [127.0.0.0/8]
`

// builtIn is the config of a throw-away daemon with the rules of the example, for a preset
// whose contacts are at a path.
func builtIn(example []byte, preset, contact, token string) string {
	text := head + withoutKeys(string(example), append([]string{"sources"}, ofThisHost...)...)
	source := fmt.Sprintf("\nsources:\n  - name: %s\n    preset: %s\n    tokens: [%s]\n", preset, preset, token)
	if contact != "" {
		source += "    contact: " + contact + "\n"
	}
	return text + source
}

// contactOf is where the contacts of a preset's callbacks can be: as the preset says, or in
// what the sender attached, or else the number.
func contactOf(p *presets.Preset) (string, error) {
	for _, contact := range []string{p.Contact, "args.contact_id", "args", "to"} {
		if contact == "" {
			continue
		}
		cfg := &config.Config{}
		s := &config.Source{Name: p.Name, Preset: p.Name, Format: p.Format, Contact: contact}
		reader, err := cfg.Reader(s, nil)
		if err != nil {
			continue
		}
		if _, err = bodies.New(bodies.Source{Format: p.Format, Contact: contact, Reader: reader, Lines: p.Format.Outcomes, Examples: p.Examples}); err == nil {
			return contact, nil
		}
	}
	return "", fmt.Errorf("the callbacks of the preset %s have no place for a contact", p.Name)
}

// variable matches a variable of a config that has no default.
var variable = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// copyConfig makes the daemon's config of another one: the same sources, rules and segments,
// and nothing by which it would touch what that daemon uses. There are no exports. Files that
// the config names are linked; variables that are not set are made up, since a throw-away
// daemon needs secrets that only it knows.
func (d *throwAway) copyConfig(path string) error {
	original, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	text := head + withoutKeys(string(original), append([]string{"exports"}, ofThisHost...)...)
	d.env = map[string]string{}
	for _, m := range variable.FindAllStringSubmatch(text, -1) {
		if _, set := os.LookupEnv(m[1]); !set {
			d.env[m[1]] = newSecret()
		}
	}
	return errors.Join(d.linkFiles(filepath.Dir(path), text), os.WriteFile(d.config, []byte(text), 0o600))
}

// linkFiles links the files beside a config that its text names, so that paths in it lead to
// the same files.
func (d *throwAway) linkFiles(folder, text string) error {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return err
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if own := e.Name() == configFile || strings.HasPrefix(e.Name(), storeFile); own || !strings.Contains(text, e.Name()) {
			continue
		}
		if err := os.Symlink(filepath.Join(folder, e.Name()), filepath.Join(d.folder, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// lookup is the environment of the daemon.
func (d *throwAway) lookup(name string) (string, bool) {
	if value, made := d.env[name]; made {
		return value, true
	}
	return os.LookupEnv(name)
}
