package store_test

import (
	"math/rand/v2"
	"testing"

	"winnow/hygiene"
	"winnow/segments"
	"winnow/store"
	"winnow/store/engine/enginetest"
	"winnow/store/location"
	"winnow/store/migration"
	"winnow/store/postgres/pgtest"
	"winnow/store/storetest"
)

// A store that was copied into PostgreSQL says the same as its files, and goes on the same:
// the ids and numbers that it gives out are those that the files would have.
func TestAStoreThatIsMovedToPostgreSQLGoesOnTheSame(t *testing.T) {
	enginetest.SQLite(t)
	storetest.Sequential(t)
	r := rand.New(rand.NewPCG(1, 17))
	before, after := append(deeds(r, 60), bulkDeeds(r, 12)...), append(deeds(r, 20), bulkDeeds(r, 12)...)
	before = append(before, merging(storetest.Start.Add(400*hygiene.Day), "e", "d"))
	path, p := enginetest.Location(t), lifelike()
	files, err := store.Open(path)
	must(t, err)
	storetest.SavePolicy(t, files, p)
	for _, d := range before {
		d.do(t, files, p)
	}
	storetest.Append(t, files, received(storetest.Start, "acme", mixed(30, 30)...)...)
	must(t, files.Append(t.Context(), nil, []hygiene.Unreadable{{ReceivedAt: storetest.Start, Source: "insider", Why: "not a JSON object", Body: []byte("\x00\xff")}}))
	sweepHeld(t, files, p, 0, bounces)
	forget(t, files, p, store.Subjects{Keys: []string{"a"}})
	ended(t, files, 1, segments.Published)
	must(t, files.Close())

	at := pgtest.Database(t)
	_, err = migration.Run(t.Context(), migration.Options{From: path, To: at, Chunk: 11})
	must(t, err)
	files, err = store.Open(path)
	must(t, err)
	server, err := store.Open(at + "#" + location.Files(path))
	must(t, err)
	if a, b := describe(t, files), describe(t, server); a != b {
		t.Fatalf("the files say\n%s\nand the copy\n%s", a, b)
	}
	for _, s := range []*store.Store{files, server} {
		for _, d := range after {
			d.do(t, s, p)
		}
		storetest.Sweep(t, s, p, 0)
		review(t, s, p, storetest.Start.Add(600*hygiene.Day), (*store.Store).DiscardTrip)
	}
	if a, b := describe(t, files), describe(t, server); a != b {
		t.Errorf("the files go on to\n%s\nand the copy to\n%s", a, b)
	}
	must(t, files.Close(), server.Close())
}
