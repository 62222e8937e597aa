package exports

import (
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/segments"
	"winnow/segments/destination/local"
	"winnow/store/location"
	"winnow/store/postgres/pgtest"
	"winnow/store/runs"
	"winnow/store/storetest"
)

// onHosts are exporters of two hosts on one store, each with folders of its own.
func onHosts(t *testing.T, remote segments.Destination) (a, b *Exporter) {
	u, err := url.Parse(pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	host := func() *Exporter {
		x, _ := exporterWithRemotes(t, remote)
		folder := t.TempDir()
		x.Config.Exports[0].To = []segments.Destination{local.Folder(filepath.Join(folder, "exports")), remote}
		x.Store = storetest.OpenAt(t, location.Server(u, folder))
		return x
	}
	return host(), host()
}

func TestARunIsDeliveredByTheHostThatHasItsFiles(t *testing.T) {
	defer func(was time.Duration) { elsewhereFor = was }(elsewhereFor)
	elsewhereFor = 100 * 365 * hygiene.Day // the runs are of the past
	crm := &fakeRemote{name: "crm", err: errDown}
	a, b := onHosts(t, crm)
	a.exportAndDeliver(t, 1)
	crm.failWith(nil)
	b.deliverAll(t)
	crm.wantRuns(t)
	if list := b.undelivered(t); len(list) != 1 || list[0].Status != string(runs.Waiting) {
		t.Errorf("the delivery of a run that is on another host is %+v", list)
	}
	b.exportAndDeliver(t, 2)
	crm.wantRuns(t) // in order
	a.deliverAll(t)
	b.deliverAll(t)
	crm.wantRuns(t, "01", "02*")
}

func TestAHostThatIsGoneHoldsNoLaterRunBack(t *testing.T) {
	defer func(was time.Duration) { elsewhereFor = was }(elsewhereFor)
	elsewhereFor = 0
	crm := &fakeRemote{name: "crm", err: errDown}
	a, b := onHosts(t, crm)
	a.exportAndDeliver(t, 1)
	crm.failWith(nil)
	b.exportAndDeliver(t, 2)
	crm.wantRuns(t, "02*")
	list, err := b.Store.Deliveries("nightly")
	if err != nil || len(list) != 2 || list[0].Status != runs.Lost || list[0].Error != errElsewhere.Error() {
		t.Errorf("%+v, %v", list, err)
	}
	a.deliverAll(t)
	crm.wantRuns(t, "02*")
}
