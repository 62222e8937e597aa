package statuscounts_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/store/engine"
	"winnow/store/engine/enginetest"
	"winnow/store/statuscounts"
)

// statusAt is the status of a contact with these changes.
func statusAt(changes []hygiene.StatusChange, t hygiene.Instant) (now hygiene.Status) {
	for _, c := range changes {
		if c.At/1e6 <= t/1e6 {
			now = c.Status
		}
	}
	return now
}

func TestContactsAreCountedAsTheyAreHoweverOftenTheyChange(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	s := enginetest.Open(t, enginetest.Location(t))
	day := hygiene.Instant(24 * time.Hour / time.Microsecond)
	moment := func() hygiene.Instant { // often at the edges of days, also before 1970
		return hygiene.Instant(r.IntN(7)-2)*day + hygiene.Instant([]int{0, -1, 1_000_000, 43_200_000_000, r.IntN(86_400_000_000)}[r.IntN(5)])
	}
	lives := make([][]hygiene.StatusChange, 40)
	for range 30 {
		err := s.Write(func(c engine.Writer) error {
			changes := statuscounts.Changes{}
			for range 10 {
				i := r.IntN(len(lives))
				life := []hygiene.StatusChange{{At: -4 * day, Status: hygiene.Active}}
				for at := moment(); len(life) < 4 && r.IntN(4) > 0; at += hygiene.Instant(r.Int64N(int64(day))) {
					if at > life[len(life)-1].At {
						life = append(life, hygiene.StatusChange{At: at, Status: []hygiene.Status{hygiene.Active, hygiene.RetryDue, hygiene.IsSuppressed}[r.IntN(3)]})
					}
				}
				changes.Move(lives[i], life)
				lives[i] = life
			}
			return changes.Save(c)
		})
		if err != nil {
			t.Fatal(err)
		}
		at := moment()
		want := map[string]int64{}
		for _, name := range hygiene.StatusNames() {
			want[name] = 0
		}
		for _, life := range lives {
			if life != nil {
				want[statusAt(life, at).String()]++
			}
		}
		err = s.Read(func(c engine.Reader) error {
			got, err := statuscounts.ByStatus(c, at, false)
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("at %s counted are %v, want %v", at, got, want)
			}
			if other, otherErr := statuscounts.DaysOtherwise(c); other != 0 || otherErr != nil {
				t.Errorf("%d days are otherwise, %v", other, otherErr)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
