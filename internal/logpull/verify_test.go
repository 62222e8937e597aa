package logpull

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"winnow/hygiene"
	"winnow/hygiene/callback"
	"winnow/hygiene/provider/signature"
	"winnow/internal/config"
	"winnow/internal/console"
	"winnow/store"
	"winnow/store/storetest"
)

// verifyingHost is the admin server of a host that verifies callbacks of these sources.
func verifyingHost(t *testing.T, s *store.Store, verified *[]string) config.Receiver {
	t.Helper()
	h, err := console.New(console.Config{Token: func() string { return "admin-of-one-host-5820" }, LogToken: func() string { return token }, Log: s, LogAlone: true, Verified: func() []string { return *verified }})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return config.Receiver{URL: server.URL, Token: token}
}

func account(t *testing.T, optional bool, secrets ...string) *signature.Account {
	t.Helper()
	v, err := signature.New(signature.HMAC{Hash: signature.SHA256, Sent: []string{"X-Signature"}, Encoding: signature.Hex, Parts: []signature.Part{{Of: signature.PartBody}}}, signature.Keys{Values: secrets, Optional: optional})
	if err != nil {
		t.Fatal(err)
	}
	return &signature.Account{Verifier: v}
}

func TestABodyThatAReceiverDidNotVerifyIsNoEventForTheJudge(t *testing.T) {
	body := []byte(`{"id":"m1","event":"undelivered","reason":{"code":1400},"uniqueArgs":{"contact_id":"ann"}}`)
	mac := hmac.New(sha256.New, []byte("the secret"))
	mac.Write(body)
	kept := hygiene.Unreadable{ReceivedAt: storetest.Start, Source: "insider", Why: "unverified: the signature does not match", Body: body,
		Unverified: &callback.Unverified{Method: http.MethodPost, Target: "/{token}", Header: map[string]string{"X-Signature": hex.EncodeToString(mac.Sum(nil))}}}
	for name, c := range map[string]struct {
		accounts map[string]*signature.Account
		events   int
	}{
		"without a signature": {nil, 0},
		"with another secret": {map[string]*signature.Account{"insider": account(t, false, "another secret")}, 0},
		"with its secret":     {map[string]*signature.Account{"insider": account(t, false, "the secret")}, 1},
	} {
		here, there := storetest.Open(t), storetest.Open(t)
		if err := there.Append(t.Context(), nil, []hygiene.Unreadable{kept}); err != nil {
			t.Fatal(err)
		}
		r := verifyingHost(t, there, &[]string{"insider"})
		p := judge(t, here, r)
		p.settings.Accounts = c.accounts
		if err := pullAll(t, p, r); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		list, err := here.Quarantine(10)
		totals, totalsErr := here.Totals()
		if err := errors.Join(err, totalsErr); err != nil || totals.Events != int64(c.events) || len(list) != 1-c.events {
			t.Fatalf("%s: %d events, %+v %v", name, totals.Events, list, err)
		}
		if len(list) == 1 && (list[0].Unverified == nil || list[0].Unverified.Header["X-Signature"] == "") {
			t.Errorf("%s: it can't be verified later: %+v", name, list[0])
		}
	}
}

func TestAReceiverThatDoesNotVerifyWhatTheJudgeDoesIsStopped(t *testing.T) {
	here, there, verified := storetest.Open(t), storetest.Open(t), []string{"other"}
	storetest.Append(t, there, events(0, 3)...)
	r := verifyingHost(t, there, &verified)
	p := judge(t, here, r)
	p.settings.Accounts = map[string]*signature.Account{"insider": account(t, false, "the secret")}
	if err := pullAll(t, p, r); err == nil || !strings.Contains(err.Error(), `does not verify the callbacks of the source "insider"`) || len(messages(t, here)) != 0 {
		t.Fatalf("%d events: %v", len(messages(t, here)), err)
	}
	verified = []string{"other", "insider"}
	if err := pullAll(t, p, r); err != nil || len(messages(t, here)) != 3 {
		t.Errorf("%d events: %v", len(messages(t, here)), err)
	}
	storetest.Append(t, there, events(3, 4)...)
	verified, p.settings.Accounts = nil, map[string]*signature.Account{"insider": account(t, true, "the secret")}
	if err := pullAll(t, p, r); err != nil || len(messages(t, here)) != 4 {
		t.Errorf("where callbacks need not be signed: %d events: %v", len(messages(t, here)), err)
	}
}
