package erasure

import (
	"testing"

	"winnow/store/engine"
	"winnow/store/postgres"
	"winnow/store/postgres/pgtest"
)

func TestEveryTableOfAServerIsKnownToTheEraser(t *testing.T) {
	e, err := postgres.Open(pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	there := map[string]bool{}
	err = e.Read(func(c engine.Reader) error {
		names, err := textsOf(c, "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()")
		for _, name := range names {
			there[name] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range there {
		_, both := Tables[name]
		if _, ok := ServerTables[name]; ok == both {
			t.Errorf("the table %s must be in Tables, or else in ServerTables: say there how a person is erased from it, and do it", name)
		}
	}
	for name := range ServerTables {
		if !there[name] {
			t.Errorf("ServerTables has %s, and there is no such table", name)
		}
	}
}
