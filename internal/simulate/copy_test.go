package simulate

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"winnow/internal/app"
)

// original is a config that uses all by which a daemon touches something.
const original = `# Ours.
listen: "0.0.0.0:443"
tls: {cert: a.crt, key: a.key}
admin:
  listen: "10.0.0.1:8081"
  token_file: admin.token
log_token_file: log.token
receivers:
  - {url: "https://receiver.example.com:8081", token: "${WINNOW_TEST_UNSET}"}
store: sqlite://winnow.db
backup: {schedule: "30 3 * * *", to: ./backup, keep: 7}
log: {format: json}
sources:
  - {name: shop, preset: twilio, tokens_file: secrets/shop.token, tokens: ["${WINNOW_TEST_UNSET_TOO}"], contact: args.contact_id}
hygiene:
  rules:
    - {name: hard, when: {outcome: hard_bounce}, then: {suppress: {reason: hard_bounce}}}
segments:
  - {name: reachable, where: {status: active}}
# What the CRM reads.
exports:
  - name: nightly
    schedule: "0 2 * * *"
    segments: [reachable]
    to:
      - {url: "sftp://winnow@drop.example.com/in", key_file: id_ed25519, known_hosts: known_hosts}
`

// copied is a throw-away daemon, which is not started, with a copy of a config.
func copied(t *testing.T, text string) *throwAway {
	t.Helper()
	folder := t.TempDir()
	for name, content := range map[string]string{"winnow.yaml": text, "secrets/shop.token": "0123456789abcdef0123\n", "winnow.db": "not to be touched", "id_ed25519": "key"} {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d := &throwAway{folder: t.TempDir()}
	d.config = filepath.Join(d.folder, configFile)
	if err := d.copyConfig(filepath.Join(folder, "winnow.yaml")); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestACopyOfAConfigTouchesNothingThatIsNotItsOwn(t *testing.T) {
	d := copied(t, original)
	if err := d.load("", true); err != nil {
		t.Fatal(err)
	}
	cfg, err := app.Options{Path: d.config, Env: d.lookup}.Load()
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Listen != "127.0.0.1:0" || cfg.Admin.Listen != "127.0.0.1:0" || cfg.TLS != nil || cfg.LogToken != "" || cfg.LogJSON || filepath.Dir(cfg.Store) != d.folder ||
		len(cfg.Exports)+len(cfg.Receivers) > 0 || cfg.Backup != nil {
		t.Errorf("%+v", cfg)
	}
	if len(cfg.Sources[0].Tokens) != 2 || len(cfg.Policy.Rules) != 1 || len(cfg.Segments) != 1 {
		t.Errorf("sources, rules or segments are missing: %+v", cfg)
	}
	entries, err := os.ReadDir(d.folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != configFile && e.Name() != "secrets" {
			t.Errorf("the folder has %s", e.Name())
		}
	}
}

func TestACopyThatCouldTouchSomethingIsRefused(t *testing.T) {
	for key, before := range map[string]string{"exports": "\nexports:", "backup": "\nsegments:", "receivers": "\nsegments:"} {
		quoted := map[string]string{
			"exports":   "\n\"exports\":",
			"backup":    "\n\"backup\": {schedule: \"30 3 * * *\", to: ./other}\nsegments:",
			"receivers": "\n\"receivers\": [{url: \"https://other.example.com:8081\", token: \"0123456789abcdefXYZ\"}]\nsegments:",
		}[key]
		d := copied(t, strings.Replace(original, before, quoted, 1))
		if err := d.load("", true); err == nil || !strings.Contains(err.Error(), "top-level keys at the beginning of a line") {
			t.Errorf("with %q in quotes: %v", key, err)
		}
	}
}
