package daemon

import (
	"bytes"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"winnow/internal/apptest"
	"winnow/internal/console"
)

// tokenLine is the token in the config of tests.
const tokenLine = ", token: " + apptest.AdminToken

// statusWith is the status of an answer of the API to a token.
func (d *Daemon) statusWith(t *testing.T, token string) int {
	t.Helper()
	handler, err := d.console()
	if err != nil {
		t.Fatal(err)
	}
	req := httptest.NewRequest(http.MethodGet, "/api/v1/status", nil)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, req)
	return w.Code
}

func TestADaemonWithoutATokenMakesOne(t *testing.T) {
	path := apptest.Config(t, t.TempDir(), "1h")
	apptest.Edit(t, path, tokenLine, "")
	var log bytes.Buffer
	d := testDaemonAt(t, path, slog.New(slog.NewTextHandler(&log, nil)))
	file := filepath.Join(filepath.Dir(path), console.TokenFile)
	info, err := os.Stat(file)
	if err != nil || info.Mode() != 0o600 {
		t.Fatalf("the file: %v, %v", info, err)
	}
	made := strings.TrimSpace(apptest.ReadFile(t, file))
	if right, missing, wrong := d.statusWith(t, made), d.statusWith(t, ""), d.statusWith(t, "x"+made); right != 200 || missing != 401 || wrong != 401 {
		t.Errorf("the token is answered %d, none %d, another %d", right, missing, wrong)
	}
	if !strings.Contains(log.String(), file) || strings.Contains(log.String(), made) {
		t.Errorf("the log says:\n%s", log.String())
	}
}

func TestATokenFileThatChangesIsAChangeOfTheConfig(t *testing.T) {
	path := apptest.Config(t, t.TempDir(), "1h")
	tokens := filepath.Join(filepath.Dir(path), "callbacks.token")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(tokens, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("first-callbacks-0123456789")
	apptest.Edit(t, path, "tokens: ["+apptest.Token+"]", "tokens_file: callbacks.token")
	d := testDaemonAt(t, path, slog.New(slog.DiscardHandler))
	if !maps.Equal(d.versions, d.fileVersions()) || len(d.versions) != 2 {
		t.Fatalf("after the start: %v, want %v", d.versions, d.fileVersions())
	}
	write("another-callbacks-0123456789")
	if maps.Equal(d.versions, d.fileVersions()) {
		t.Error("another token in the file is not noticed")
	}
	d.reload()
	if got := d.current.Load().Sources[0].Tokens; len(got) != 1 || got[0] != "another-callbacks-0123456789" || !maps.Equal(d.versions, d.fileVersions()) {
		t.Errorf("after the reload: tokens %v, versions %v", got, d.versions)
	}
	apptest.Edit(t, path, "tokens_file: callbacks.token", "tokens: ["+apptest.Token+"]")
	d.reload()
	if len(d.versions) != 1 || !maps.Equal(d.versions, d.fileVersions()) {
		t.Errorf("without the file: %v", d.versions)
	}
}

func TestAReloadChangesTheAdminToken(t *testing.T) {
	path := apptest.Config(t, t.TempDir(), "1h")
	var log bytes.Buffer
	d := testDaemonAt(t, path, slog.New(slog.NewTextHandler(&log, nil)))
	const second = "second-admin-0123456789"
	apptest.Edit(t, path, apptest.AdminToken, second)
	if before := d.statusWith(t, apptest.AdminToken); before != 200 {
		t.Errorf("before the reload the token is answered %d", before)
	}
	d.reload()
	if old, now := d.statusWith(t, apptest.AdminToken), d.statusWith(t, second); old != 401 || now != 200 {
		t.Errorf("after the reload the old token is answered %d, the new one %d", old, now)
	}
	if strings.Contains(log.String(), "next start") {
		t.Errorf("the log says that a restart is needed:\n%s", log.String())
	}

	file := filepath.Join(filepath.Dir(path), console.TokenFile)
	if err := os.WriteFile(file, []byte("made-admin-0123456789\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	apptest.Edit(t, path, ", token: "+second, "")
	d.reload()
	if now := d.statusWith(t, second); now != 200 || !strings.Contains(log.String(), "chmod 600") {
		t.Errorf("with a file that others can read the token before is answered %d; the log says:\n%s", now, log.String())
	}
	if err := os.Chmod(file, 0o600); err != nil {
		t.Fatal(err)
	}
	d.reload()
	if old, now := d.statusWith(t, second), d.statusWith(t, "made-admin-0123456789"); old != 401 || now != 200 {
		t.Errorf("without a token in the config the old one is answered %d, that of the file %d", old, now)
	}
}
