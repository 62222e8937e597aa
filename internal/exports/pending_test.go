package exports

import (
	"testing"
)

func TestDeliveryCountsAreOfTheRemoteFurthestBehind(t *testing.T) {
	crm, lake := &fakeRemote{name: "crm"}, &fakeRemote{name: "lake"}
	x, _ := exporterWithRemotes(t, crm, lake)
	x.exportAndDeliver(t, 1)
	lake.failWith(errDown)
	x.exportAndDeliver(t, 2)
	x.exportAndDeliver(t, 3)
	known, err := x.Store.Deliveries("nightly")
	if err != nil {
		t.Fatal(err)
	}
	got, err := CountDeliveries(x.Config, x.Store)
	if err != nil || got["nightly"].Waiting != 2 || !got["nightly"].Last.Equal(LastDelivered(lake, known)) || !LastDelivered(lake, known).Before(LastDelivered(crm, known)) {
		t.Errorf("counted %+v, %v", got, err)
	}
	lake.failWith(nil)
	x.deliverAll(t)
	if got, err = CountDeliveries(x.Config, x.Store); err != nil || got["nightly"].Waiting != 0 || !got["nightly"].Last.Equal(LastDelivered(crm, known)) {
		t.Errorf("once delivered, counted %+v, %v", got, err)
	}
}
