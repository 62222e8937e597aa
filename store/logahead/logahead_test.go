package logahead

import (
	"errors"
	"testing"

	"winnow/hygiene"
)

// upTo reads a log of so many events, two at a time.
func upTo(last int64) func(seq int64) Lot {
	return func(seq int64) (lot Lot) {
		for n := seq + 1; n <= min(seq+2, last); n++ {
			lot.Events = append(lot.Events, hygiene.Event{Seq: n})
		}
		return lot
	}
}

func TestLotsFollowEachOtherToTheEndOfTheLogAndNothingFollowsIt(t *testing.T) {
	r := After(3, upTo(8))
	defer r.Stop()
	next := int64(4)
	for lot := r.Next(); len(lot.Events) > 0; lot = r.Next() {
		for _, e := range lot.Events {
			if e.Seq != next {
				t.Fatalf("event %d follows event %d", e.Seq, next-1)
			}
			next++
		}
	}
	if next != 9 {
		t.Errorf("the last event is %d", next-1)
	}
	if lot := r.Next(); len(lot.Events) != 0 || lot.Err != nil {
		t.Errorf("after the end come %d events, %v", len(lot.Events), lot.Err)
	}
}

func TestALotGoesOnFromWhereTheReaderIsSent(t *testing.T) {
	r := After(0, upTo(100))
	defer r.Stop()
	r.Next()
	r.GoTo(50)
	if lot := r.Next(); len(lot.Events) == 0 || lot.Events[0].Seq != 51 {
		t.Errorf("after 50 comes %+v", lot)
	}
}

func TestNothingFollowsAnError(t *testing.T) {
	broken := errors.New("broken")
	r := After(0, func(int64) Lot { return Lot{Err: broken} })
	defer r.Stop()
	if lot := r.Next(); !errors.Is(lot.Err, broken) {
		t.Errorf("the error is %v", lot.Err)
	}
	if lot := r.Next(); lot.Err != nil || len(lot.Events) != 0 {
		t.Errorf("after an error comes %+v", lot)
	}
}
