package app

import (
	"errors"
	"strings"

	"winnow/hygiene"
	"winnow/hygiene/provider"
	"winnow/hygiene/provider/signature"
)

// errNoAccount is the error of a body that was kept by a config that verifies, under one
// that does not.
var errNoAccount = errors.New("the config has no signature for its source any more")

// ReadKept verifies a body in quarantine that was not verified so far, and reads it. The
// error says why it is not the provider's, or why that can't be said; account is nil for a
// source without one.
func ReadKept(account *signature.Account, r *provider.Reader, q *hygiene.Unreadable) (is provider.Reading, err error) {
	if account == nil {
		return is, errNoAccount
	}
	if err := account.VerifyKept(q.Unverified, q.Body, q.ReceivedAt); err != nil {
		return is, err
	}
	if _, sns := account.Scheme().(signature.SNS); sns && signature.AsksToConfirm(q.Body) {
		is.Unreadable = []hygiene.Unreadable{{ReceivedAt: q.ReceivedAt, Source: q.Source, Why: signature.WhyConfirm, Body: q.Body}}
		return is, nil
	}
	_, query, _ := strings.Cut(q.Unverified.Target, "?")
	return r.Read(&provider.Request{Method: q.Unverified.Method, Query: query, Body: q.Body, ReceivedAt: q.ReceivedAt})
}
