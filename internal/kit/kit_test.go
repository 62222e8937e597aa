package kit

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"winnow/internal/config"
	"winnow/internal/connlimit"
	"winnow/internal/console"
	"winnow/internal/schedule"
)

const adminToken = "0123456789abcdef0123-admin"

// setupOf is the setup of a config in a folder with an awkward name.
func setupOf(t *testing.T) *Setup {
	t.Helper()
	folder := filepath.Join(t.TempDir(), `100% of "ours"`)
	text := strings.ReplaceAll(`
listen: ":9000"
admin: {listen: "127.0.0.1:9001", token: TOKEN}
store: sqlite://data/winnow.db
backup: {schedule: "30 3 * * *", to: /mnt/backup/winnow, keep: 7}
sources: [{name: insider, preset: insider, tokens: [0123456789abcdef0123-public]}]
hygiene:
  rules: [{name: hard, when: {outcome: hard_bounce}, then: {suppress: {reason: hard_bounce}}}]
segments: [{name: reachable, where: {status: active}}]
exports:
  - {name: nightly, schedule: "0 2 * * 1-5", segments: [reachable], formats: [csv], to: [./data/exports, /srv/crm]}
  - {name: often, schedule: "@every 10m", segments: [reachable], formats: [csv], to: [/srv/crm/often]}
`, "TOKEN", adminToken)
	cfg, err := config.Parse(filepath.Join(folder, "winnow.yaml"), []byte(text), config.Options{CheckSchedule: schedule.Check})
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSetup(cfg, "/opt/my tools/winnow", "ann", time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// mainFile is the main file of a kind.
func mainFile(t *testing.T, kind string) string {
	t.Helper()
	files, err := Files(kind, setupOf(t))
	if err != nil {
		t.Fatal(err)
	}
	return files[0].Text
}

func TestTheFilesAreRightForTheConfig(t *testing.T) {
	for kind, wants := range map[string][]string{
		"systemd": {`ExecStart="/opt/my tools/winnow" serve -c "`, `/100%% of \"ours\"/winnow.yaml"` + "\n", "User=ann\n", `/100%% of \"ours\"/data"` + "\n", "ReadWritePaths=/mnt/backup/winnow\n", "ReadWritePaths=/srv/crm\n", "ProtectHome=yes"},
		"nginx":   {"proxy_pass http://127.0.0.1:9000;", "http://127.0.0.1:9001;", "client_max_body_size 2m;", "error_log /dev/null crit;"},
		"caddy":   {"reverse_proxy 127.0.0.1:9000 {", "versions 1.1", "request>uri regexp /callbacks/.* /callbacks/..."},
		"compose": {"127.0.0.1:9000:9000", "'/data/winnow.yaml'", "- '/mnt/backup/winnow:/mnt/backup/winnow'", "- '/srv/crm:/srv/crm'"},
		"prometheus": {"WinnowBackupOutdated", `winnow_export_age_seconds{export="nightly"} > 266400`, // from Friday to Monday, and two hours
			`winnow_export_age_seconds{export="often"} > 7800`},
		"logrotate": {"copytruncate", "su ann ann"},
	} {
		text := mainFile(t, kind)
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %s:\n%s", kind, want, text)
			}
		}
	}
	if unit := mainFile(t, "systemd"); strings.Contains(unit, "/srv/crm/often") || strings.Contains(unit, "data/exports") {
		t.Errorf("a folder within another one is named again:\n%s", unit)
	}
}

func TestNoFileHasASecret(t *testing.T) {
	for _, kind := range Kinds() {
		files, err := Files(kind, setupOf(t))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if strings.Contains(f.Text, "0123456789abcdef") {
				t.Errorf("%s has a token", f.Path)
			}
		}
	}
}

func TestNothingIsReplaced(t *testing.T) {
	folder := t.TempDir()
	if err := os.Symlink("nowhere", filepath.Join(folder, "prometheus.yml")); err != nil {
		t.Fatal(err)
	}
	files, err := Files("prometheus", setupOf(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := Write(folder, files); err == nil || !strings.Contains(err.Error(), "prometheus.yml exists already") {
		t.Errorf("error %v", err)
	}
	if entries, _ := os.ReadDir(folder); len(entries) != 1 {
		t.Errorf("%d files were written", len(entries)-1)
	}
}

// metricNames are the names in an expression.
func metricNames(expr string) []string {
	return regexp.MustCompile(`\bwinnow_[a-z_]+`).FindAllString(expr, -1)
}

func TestAlertsAndPanelsAskForMetricsThatExist(t *testing.T) {
	m := console.NewMetrics("test", func() (console.Totals, error) { return console.Totals{}, nil })
	m.WatchConnections("public", func() connlimit.Counts { return connlimit.Counts{} })
	there := m.Names()
	if len(there) < 40 {
		t.Fatalf("only %d metrics", len(there))
	}
	asked := 0
	check := func(who, expr string) {
		for _, name := range metricNames(expr) {
			asked++
			if !slices.Contains(there, name) && !slices.Contains(there, strings.TrimSuffix(name, "_bucket")) {
				t.Errorf("%s asks for %s, which does not exist", who, name)
			}
		}
	}
	for _, a := range alerts(setupOf(t)) {
		check(a.Name, a.Expr)
	}
	for _, p := range panels {
		for _, q := range p.Exprs {
			check(p.Title, q.Expr)
		}
	}
	if asked < 40 {
		t.Errorf("only %d metrics were found in the expressions", asked)
	}
}

func TestTheDashboardIsOneDocumentWhosePanelsDoNotOverlap(t *testing.T) {
	var dashboard struct {
		Panels []struct {
			Title   string
			GridPos struct{ X, Y, W, H int }
		}
	}
	if err := json.Unmarshal([]byte(mainFile(t, "grafana")), &dashboard); err != nil || len(dashboard.Panels) != len(panels) {
		t.Fatalf("%d panels, %v", len(dashboard.Panels), err)
	}
	taken := map[[2]int]string{}
	for _, p := range dashboard.Panels {
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" || x >= 24 {
					t.Fatalf("%s is over %s", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
	}
}

// tool runs a program of the system on the files of a kind; the test is skipped where
// there is none.
func tool(t *testing.T, kind, program string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Skipf("there is no %s", program)
	}
	files, err := Files(kind, setupOf(t))
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := Write(folder, files); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(path, args...)
	c.Dir = folder
	out, err := c.CombinedOutput()
	if strings.Contains(string(out), "unrecognized option") {
		t.Skipf("this %s is too old: %s", program, out)
	}
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func TestPromtoolAcceptsTheRules(t *testing.T) {
	tool(t, "prometheus", "promtool", "check", "rules", "winnow.rules.yml")
}

func TestEachAlertFiresForWhatItIsAboutAndNotWithout(t *testing.T) {
	tool(t, "prometheus", "promtool", "test", "rules", "winnow.rules_test.yml")
}

func TestTheUnitIsBarelyExposed(t *testing.T) {
	out := tool(t, "systemd", "systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", "./winnow.service")
	if !strings.Contains(out, "Overall exposure level") {
		t.Errorf("systemd-analyze says\n%s", out)
	}
}

func TestNginxAcceptsTheProxyAndTheConsole(t *testing.T) {
	program := lookSystem(t, "nginx")
	folder, text := t.TempDir(), mainFile(t, "nginx")
	console := text[strings.Index(text, "# server {"):]
	text += regexp.MustCompile("(?m)^# ?").ReplaceAllString(console, "")
	// It has no certificate of that name here.
	text = regexp.MustCompile(`(?m)^ *ssl_certificate.*$`).ReplaceAllString(strings.ReplaceAll(text, " ssl;", ";"), "")
	main := "pid pid;\nevents {}\nhttp {\naccess_log off;\n"
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		main += kind + "_temp_path " + filepath.Join(folder, kind) + ";\n"
	}
	if err := os.WriteFile(filepath.Join(folder, "main.conf"), []byte(main+text+"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(program, "-t", "-p", folder, "-c", "main.conf", "-e", filepath.Join(folder, "log")).CombinedOutput(); err != nil {
		t.Errorf("nginx: %v\n%s\n%s", err, out, text)
	}
}

func TestCaddyAcceptsTheProxyAndTheConsole(t *testing.T) {
	program := lookSystem(t, "caddy")
	for _, tls := range []bool{false, true} {
		setup := setupOf(t)
		setup.PublicTLS, setup.AdminTLS = tls, tls
		files, err := Files("caddy", setup)
		if err != nil {
			t.Fatal(err)
		}
		text := files[0].Text
		console := text[strings.Index(text, "# winnow.internal"):]
		text += regexp.MustCompile("(?m)^# ?").ReplaceAllString(console, "")
		file := filepath.Join(t.TempDir(), "Caddyfile")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c := exec.Command(program, "validate", "--adapter", "caddyfile", "--config", file)
		c.Env = append(os.Environ(), "HOME="+t.TempDir(), "XDG_DATA_HOME=", "XDG_CONFIG_HOME=")
		if out, err := c.CombinedOutput(); err != nil || strings.Count(text, "\t\ttls_server_name") > 0 != tls {
			t.Errorf("caddy: %v\n%s\n%s", err, out, text)
		}
	}
}

func TestLogrotateAcceptsTheRotation(t *testing.T) {
	program := lookSystem(t, "logrotate")
	file := filepath.Join(t.TempDir(), "winnow")
	// The user of the test setup is not one of this machine.
	text := strings.ReplaceAll(mainFile(t, "logrotate"), "su ann ann", "su root root")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(program, "--debug", "--state", file+".state", file).CombinedOutput(); err != nil || strings.Contains(string(out), "error:") {
		t.Errorf("logrotate: %v\n%s", err, out)
	}
}

// lookSystem returns the path of a program for administrators; the test is skipped where
// there is none.
func lookSystem(t *testing.T, program string) string {
	t.Helper()
	for _, name := range []string{program, "/usr/sbin/" + program} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skipf("there is no %s", program)
	return ""
}
