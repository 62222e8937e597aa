package exports

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A server may be down for longer than runs are kept.
func TestLostRunsAreReportedUntilTheServerHasALaterOne(t *testing.T) {
	crm := &fakeRemote{name: "crm", err: errDown}
	x, _ := exporterWithRemotes(t, crm)
	x.Config.Exports[0].Keep = 1
	for day := 1; day <= 3; day++ {
		x.exportAndDeliver(t, day)
	}
	lost := "older runs are lost, the last of them 2026-01-02T020000Z"
	if alerts := DeliveryAlerts(x.undelivered(t), 0); len(alerts) != 1 || !strings.Contains(alerts[0].Text(), "1 run of nightly. The first is 2026-01-03T020000Z: nobody answers") || !strings.Contains(alerts[0].Text(), lost) {
		t.Errorf("with one run left, the alerts are %+v", alerts)
	}
	for _, d := range x.Directories(x.Config.Exports[0]) {
		if err := os.RemoveAll(filepath.Join(string(d), "nightly", "2026-01-03T020000Z")); err != nil {
			t.Fatal(err)
		}
	}
	x.deliverAll(t)
	if alerts := DeliveryAlerts(x.undelivered(t), 0); len(alerts) != 1 || !strings.Contains(alerts[0].Text(), "crm never received run 2026-01-03T020000Z of nightly") {
		t.Errorf("with none left, the alerts are %+v", alerts)
	}
	crm.failWith(nil)
	x.exportAndDeliver(t, 4)
	if alerts := DeliveryAlerts(x.undelivered(t), 0); len(alerts) != 0 {
		t.Errorf("with a later run there, the alerts are still %+v", alerts)
	}
}
