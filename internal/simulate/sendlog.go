package simulate

import (
	"context"
	"encoding/csv"
	"errors"
	"os"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/hygiene/provider"
	"winnow/internal/app"
	"winnow/internal/simulate/bodies"
	"winnow/internal/simulate/traffic"
	"winnow/store"
)

// eachMessage visits the messages of all events that have begun to arrive: the id that
// callbacks have, and what they are about.
func (s *simulation) eachMessage(visit func(id string, v *bodies.Values) error) error {
	events := s.ledger.Events()
	for message := range (events + s.traffic.Steps() - 1) / s.traffic.Steps() {
		e := s.traffic.Event(s.traffic.Number(message, true))
		v := s.target.values(s.run, &traffic.Callback{Event: e, At: s.began})
		id, err := s.idInCallbacks(&e, &v)
		if err == nil {
			err = visit(id, &v)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// idInCallbacks is a message's id as callbacks have it: some providers join it of two parts.
func (s *simulation) idInCallbacks(e *traffic.Event, v *bodies.Values) (string, error) {
	if !s.joinsIDs() {
		return v.ID, nil
	}
	e.Lie = traffic.NoLie
	r := s.maker.Make(e, v)
	is, err := s.target.source.Reader.Read(&provider.Request{Method: r.Method, Query: r.Query, Body: r.Body, ReceivedAt: hygiene.InstantOf(s.began)})
	if err == nil && len(is.Events) != 1 {
		err = errors.New("a simulated callback can't be read")
	}
	if err != nil {
		return "", err
	}
	return is.Events[0].MessageID, nil
}

func (s *simulation) joinsIDs() bool {
	for _, shape := range s.target.source.Format.Shapes {
		if len(shape.ID) > 1 {
			return true
		}
	}
	return false
}

// writeSendLog writes the messages as a file for winnow import messages.
func (s *simulation) writeSendLog(path string) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := csv.NewWriter(f)
	if err := w.Write([]string{"message_id", "contact", "phone", "source"}); err != nil {
		return err
	}
	err = s.eachMessage(func(id string, v *bodies.Values) error {
		return w.Write([]string{id, v.Contact, v.Phone, s.target.name})
	})
	w.Flush()
	return errors.Join(err, w.Error())
}

// registerAtOnce is how many messages are registered together.
const registerAtOnce = 5000

// register gives the send log to a store.
func (s *simulation) register(ctx context.Context, a *app.App) error {
	var list []store.Registration
	flush := func() error {
		_, err := a.Store.Register(ctx, list)
		list = list[:0]
		return err
	}
	err := s.eachMessage(func(id string, v *bodies.Values) error {
		key, err := a.Config.Keys.Normalize(v.Contact)
		if err != nil {
			return err
		}
		list = append(list, store.Registration{Source: s.target.name, MessageID: contactkey.MessageID(id), Contact: key, Phone: v.Phone})
		if len(list) < registerAtOnce {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err
	}
	return flush()
}
