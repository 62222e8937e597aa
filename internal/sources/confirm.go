package sources

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"winnow/hygiene/callback"
	"winnow/hygiene/provider/signature"
	"winnow/internal/app"
	"winnow/internal/snscert"
	"winnow/internal/ui"
	"winnow/store"
)

// confirmed is what confirming a subscription prints as JSON.
type confirmed struct {
	Source string `json:"source"`
	Topic  string `json:"topic"`
}

// Confirm confirms the subscription that Amazon SNS asked about last at a source: it
// verifies the request in quarantine, and visits its URL. That is an act of a person: no
// callback makes winnow visit anything.
func Confirm(ctx context.Context, out *ui.Printer, a *app.App, source string, amazon *snscert.Certificates) error {
	s, err := sourceOf(a.Config, source)
	if err != nil {
		return err
	}
	account, err := a.Config.Account(s, amazon.Fetcher(ctx))
	if err != nil {
		return err
	}
	if account == nil {
		return fmt.Errorf("source %s has no topic, so nothing says whose request is confirmed: write signature: {topic: ARN}", s.Name)
	}
	if _, sns := account.Scheme().(signature.SNS); !sns {
		return fmt.Errorf("source %s is not verified by a topic of Amazon SNS, so there is nothing to confirm", s.Name)
	}
	asked, err := confirmations(ctx, a, s.Name)
	if err != nil {
		return err
	}
	if len(asked) == 0 {
		return fmt.Errorf("no request to confirm a subscription is in quarantine for source %s: subscribe its callback URL to the topic, with the protocol HTTPS; then repeat the command", s.Name)
	}
	last := &asked[len(asked)-1]
	if err := account.VerifyKept(restOf(last), last.Body, last.ReceivedAt); err != nil {
		return fmt.Errorf("the request of %s is not confirmed: %w", last.ReceivedAt, err)
	}
	envelope, err := signature.ReadEnvelope(last.Body)
	if err != nil {
		return err
	}
	if err := checkSubscribe(envelope); err != nil {
		return fmt.Errorf("the request of %s is not confirmed: %w", last.ReceivedAt, err)
	}
	if err := amazon.Confirm(ctx, envelope.SubscribeURL); err != nil {
		return fmt.Errorf("the URL of the request of %s could not be visited; after three days it is not valid any more, and the subscription has to be made again: %w", last.ReceivedAt, plain(err))
	}
	if err := a.Store.AppendRetried(context.WithoutCancel(ctx), nil, nil, idsOf(asked)); err != nil {
		return err
	}
	if out.JSON {
		return out.PrintJSON(confirmed{s.Name, envelope.Topic})
	}
	_, err = fmt.Fprintf(out.Stdout, "confirmed: %s delivers to source %s from now on\n", ui.Printable(envelope.Topic), s.Name)
	return err
}

// confirmations are the requests to confirm a subscription of a source in quarantine, the
// oldest first.
func confirmations(ctx context.Context, a *app.App, source string) (list []store.Quarantined, err error) {
	err = a.Store.EachQuarantined(ctx, source, 0, func(page []store.Quarantined) error {
		for i := range page {
			if signature.AsksToConfirm(page[i].Body) {
				list = append(list, page[i])
			}
		}
		return nil
	})
	return list, err
}

// restOf is the rest of a request. That of one that was verified is not kept, and not
// needed: all that is signed is in the body.
func restOf(q *store.Quarantined) *callback.Unverified {
	if q.Unverified != nil {
		return q.Unverified
	}
	return &callback.Unverified{}
}

func idsOf(list []store.Quarantined) (ids []int64) {
	for i := range list {
		ids = append(ids, list[i].ID)
	}
	return ids
}

// checkSubscribe says why the URL of a verified request is not visited.
func checkSubscribe(e *signature.Envelope) error {
	u, err := url.Parse(e.SubscribeURL)
	if err != nil || !signature.IsSNS(e.SubscribeURL) {
		return errors.New("its URL is not one of Amazon SNS")
	}
	if q := u.Query(); q.Get("Action") != "ConfirmSubscription" || q.Get("TopicArn") != e.Topic {
		return errors.New("its URL does not confirm the topic that it names")
	}
	return nil
}

// plain is an error of a request without the URL, which has the token of the subscription.
func plain(err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}
