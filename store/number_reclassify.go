package store

import (
	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/store/engine"
)

// onNumbers finds the events that lie on a number alone and were swept, with that number.
func (r *reclassifier) onNumbers(c engine.Querier, events []hygiene.Event) (order []int, phones []string, err error) {
	for i := range events {
		e := &events[i]
		if e.Seq > r.swept || e.Contact != "" {
			continue
		}
		phone, err := c.Text("SELECT phone FROM unmatched WHERE message_id = ? AND seq = ?", contactkey.MessageID(e.MessageID), e.Seq)
		if err != nil {
			return nil, nil, err
		}
		if phone != "" {
			order, phones = append(order, i), append(phones, phone)
		}
	}
	return order, phones, nil
}

// reclassifyOn moves an event that lies on a number alone, and has its new outcome, in the
// history of the number: a subject of its own from then on, if the event may open something.
// It reports whether it did.
func (w *txWriter) reclassifyOn(phone string, e hygiene.Event, m hygiene.Moment, named string) (did bool, err error) {
	number := &contactRow{}
	if err := number.load(w, hygiene.NumberKey(phone)); err != nil {
		return false, err
	}
	if number.stored.ID == 0 {
		if !w.judge.OpensOnNumber(e.Outcome) {
			return false, nil
		}
		if err := w.beginNumber(number, giver{}, m); err != nil {
			return false, err
		}
	}
	e.To, e.SentTo, e.SentAt = "", "", 0
	changes := w.judge.Reclassify(&number.Contact, &e, m, named)
	if len(changes) == 0 && !number.factsChanged() {
		return false, nil
	}
	if err := w.save(number, changes); err != nil {
		return false, err
	}
	return true, w.spread(number)
}
