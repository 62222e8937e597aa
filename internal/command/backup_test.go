package command

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"winnow/internal/apptest"
	"winnow/internal/backup"
)

func TestADaemonBacksUpOnScheduleAndKeepsAsManyAsAreWanted(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	config := apptest.Config(t, folder, "1h")
	top := filepath.Join(folder, "backups")
	apptest.Edit(t, config, "\nsources:", "\nbackup: {schedule: \"@every 1s\", to: backups, keep: 2}\nsources:")
	foreign := filepath.Join(top, "2020-01-01T000000Z") // like a backup by its name
	if err := os.MkdirAll(foreign, 0o700); err != nil {
		t.Fatal(err)
	}
	d := startDaemon(t, "serve", config)
	defer d.terminate(t)
	d.post(t, "m1")
	made := func() []string {
		names, _ := filepath.Glob(filepath.Join(top, "*", "manifest.json"))
		return names
	}
	apptest.Eventually(t, "there are two backups", func() bool { return len(made()) == 2 })
	first := made()[0]
	apptest.Eventually(t, "the first one goes", func() bool { _, err := os.Stat(first); return err != nil && len(made()) == 2 })
	if _, err := os.Stat(foreign); err != nil {
		t.Errorf("a folder that winnow did not make is gone: %v", err)
	}
	// The latest whole one; what is restored is what the daemon answered.
	found, err := backup.Verify(t.Context(), filepath.Dir(made()[1]), nil)
	if err != nil || len(found.Problems) > 0 || found.Events != 1 {
		t.Errorf("it has %d events, %v, %v", found.Events, found.Problems, err)
	}
	_, metrics := get(t, strings.TrimSuffix(d.api, "/api/v1")+"/metrics")
	if !regexp.MustCompile(`(?m)^winnow_backup_last_success_timestamp_seconds 1\.\d+e\+09$`).MatchString(metrics) {
		t.Errorf("the metrics do not show a backup")
	}
	if _, status := get(t, d.api+"/status"); !strings.Contains(status, `"backed_up_at":`) {
		t.Errorf("the status does not show a backup: %s", status)
	}
}

func TestABackupThatFailsIsReportedAndTriedAgain(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	config := apptest.Config(t, folder, "1h")
	apptest.Edit(t, config, "\nsources:", "\nbackup: {schedule: \"@every 1s\", to: unmounted/backups}\nsources:")
	d := startDaemon(t, "serve", config)
	defer d.terminate(t)
	apptest.Eventually(t, "the metrics say so", func() bool {
		_, metrics := get(t, strings.TrimSuffix(d.api, "/api/v1")+"/metrics")
		return strings.Contains(metrics, `winnow_job_failures{job="backup",kind="backup"} 1`) && strings.Contains(metrics, "winnow_backup_last_success_timestamp_seconds 0")
	})
	for _, want := range []string{"the folder of backups can't be made", "a job that failed is tried again"} {
		if !strings.Contains(d.log(), want) {
			t.Errorf("the log does not say %q:\n%s", want, d.log())
		}
	}
	if status := d.post(t, "m1"); status != http.StatusOK {
		t.Errorf("meanwhile a callback is answered %d", status)
	}
}
