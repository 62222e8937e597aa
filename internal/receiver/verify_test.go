package receiver

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"winnow/hygiene/provider"
	"winnow/hygiene/provider/signature"
	"winnow/internal/presets"
)

// withFormat is a fixture whose source has a format of its own, and what change makes of it.
func withFormat(t *testing.T, f provider.Format, change func(*Source)) fixture {
	t.Helper()
	if f.Shapes == nil {
		f.Shapes = presets.MustFind("insider").Format.Shapes
	}
	r, err := provider.New(provider.Config{Source: "gateway", Format: &f, Contact: "uniqueArgs.contact_id"})
	if err != nil {
		t.Fatal(err)
	}
	s := Source{Name: "gateway", Tokens: []string{token}, Reader: r}
	if change != nil {
		change(&s)
	}
	h := open(t)
	h.SetSources([]Source{s}, nil)
	return h
}

const secret = "a secret of the gateway"

func sign(text string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

// verifying has the source's callbacks verified: a digest over URL and body.
func verifying(t *testing.T, change func(*Source), keys signature.Keys) fixture {
	t.Helper()
	scheme := signature.HMAC{Hash: signature.SHA256, Sent: []string{"X-Signature"}, Encoding: signature.Hex, Parts: []signature.Part{{Of: signature.PartURL}, {Literal: "\n"}, {Of: signature.PartBody}}}
	if keys.Values == nil {
		keys.Values = []string{secret}
	}
	v, err := signature.New(scheme, keys)
	if err != nil {
		t.Fatal(err)
	}
	return withFormat(t, provider.Format{}, func(s *Source) {
		s.Account = &signature.Account{Verifier: v, PublicURL: "https://sms.example.com/in", Tokens: s.Tokens}
		if change != nil {
			change(s)
		}
	})
}

const called = "https://sms.example.com/in/callbacks/" + token

func TestASignedCallbackIsRead(t *testing.T) {
	h := verifying(t, nil, signature.Keys{Values: []string{"another secret", secret}})
	if w := h.post(event, "X-Signature", sign(called+"\n"+event)); w.Code != 200 || len(h.log.events) != 1 || len(h.log.bad) != 0 {
		t.Fatalf("%d: %+v", w.Code, h.log)
	}
	var body bytes.Buffer
	z := gzip.NewWriter(&body)
	_, _ = z.Write([]byte(event))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if h.post(body.String(), "Content-Encoding", "gzip", "X-Signature", sign(called+"\n"+event)); len(h.log.events) != 2 {
		t.Errorf("compressed: %+v", h.log.bad)
	}
}

func TestACallbackThatIsNotVerifiedIsKeptAndNotRead(t *testing.T) {
	for name, c := range map[string]struct{ body, sign, encoding, why string }{
		"another body":    {event, sign(called + "\n" + event + " "), "", "unverified: the signature does not match"},
		"another URL":     {event, sign("http://sms.example.com/callbacks/" + token + "\n" + event), "", "unverified: the signature does not match"},
		"no signature":    {event, "", "", "unverified: the request is not signed"},
		"not hexadecimal": {event, "x", "", "unverified: the header X-Signature has no signature in hex"},
		"not gzip":        {event, sign(called + "\n" + event), "gzip", "unverified: the body is not gzip, though its Content-Encoding says so"},
		"brotli":          {event, sign(called + "\n" + event), "br", "unverified: the body has a Content-Encoding other than gzip"},
	} {
		h := verifying(t, nil, signature.Keys{})
		w := h.post(c.body, "X-Signature", c.sign, "Content-Encoding", c.encoding, "Cookie", "private")
		if w.Code != 200 || w.Body.String() != "{\"stored\":0,\"quarantined\":1}\n" || len(h.log.events) != 0 || len(h.log.bad) != 1 || h.counter.last() != "gateway:stored" {
			t.Fatalf("%s: %d %s %+v %s", name, w.Code, w.Body, h.log, h.counter.last())
		}
		q := h.log.bad[0]
		if q.Why != c.why || string(q.Body) != c.body || q.Unverified == nil || q.Unverified.Waits || q.Unverified.Method != "POST" || q.Unverified.Target != "/callbacks/{token}" || q.Unverified.Header["X-Signature"] != c.sign || len(q.Unverified.Header) != 1 {
			t.Errorf("%s: %+v %+v", name, q, q.Unverified)
		}
		if strings.Contains(h.written.String(), token) {
			t.Errorf("%s: the log has the token", name)
		}
	}
}

func TestWhatWasNotVerifiedIsVerifiedAgainWithAnotherSecret(t *testing.T) {
	h := verifying(t, nil, signature.Keys{Values: []string{"an old secret"}})
	req := httptest.NewRequest(http.MethodPost, "/"+token+"?campaign=a%20b", strings.NewReader(event))
	req.Header.Set("X-Signature", sign("https://sms.example.com/in/"+token+"?campaign=a%20b\n"+event))
	h.do(req)
	q := h.log.bad[0]
	if q.Unverified.Target != "/{token}?campaign=a%20b" {
		t.Fatalf("%+v", q.Unverified)
	}
	account := func(url string, secrets ...string) *signature.Account {
		v, err := signature.New(signature.HMAC{Hash: signature.SHA256, Sent: []string{"X-Signature"}, Encoding: signature.Hex, Parts: []signature.Part{{Of: signature.PartURL}, {Literal: "\n"}, {Of: signature.PartBody}}}, signature.Keys{Values: secrets})
		if err != nil {
			t.Fatal(err)
		}
		return &signature.Account{Verifier: v, PublicURL: url, Tokens: []string{"another-token-0123456789", token}}
	}
	if err := account("https://sms.example.com/in/", secret).VerifyKept(q.Unverified, q.Body, q.ReceivedAt); err != nil {
		t.Error(err)
	}
	for name, a := range map[string]*signature.Account{"the old secret": account("https://sms.example.com/in", "an old secret"), "another URL": account("https://sms.example.com", secret)} {
		if a.VerifyKept(q.Unverified, q.Body, q.ReceivedAt) == nil {
			t.Errorf("%s verifies it", name)
		}
	}
}

// The query of a GET is its event, so a body that the provider once signed says nothing
// about it.
func TestASignedBodyDoesNotVerifyTheQueryOfAGet(t *testing.T) {
	const signed = "err-code=0&messageId=a&msisdn=447547232824&status=delivered"
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("&" + signed))
	body := signed + "&sig=" + hex.EncodeToString(mac.Sum(nil))
	choice, _ := signature.OfPreset("vonage-sms")
	scheme, err := choice.Pick("sha256")
	if err != nil {
		t.Fatal(err)
	}
	v, err := signature.New(scheme, signature.Keys{Values: []string{secret}})
	if err != nil {
		t.Fatal(err)
	}
	h := withFormat(t, *presets.MustFind("vonage-sms").Format, func(s *Source) { s.Account = &signature.Account{Verifier: v, Tokens: s.Tokens} })
	do := func(method, query, body string) {
		req := httptest.NewRequest(method, "/"+token+query, strings.NewReader(body))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		h.do(req)
	}
	if do("POST", "", body); len(h.log.events) != 1 {
		t.Fatalf("what Vonage signed is not read: %+v", h.log)
	}
	do("GET", "?messageId=b&status=failed&err-code=9&msisdn=447547232825", body)
	if len(h.log.events) != 1 || len(h.log.bad) != 1 || h.log.bad[0].Unverified == nil {
		t.Errorf("%+v", h.log)
	}
	if do("GET", "?"+body, ""); len(h.log.events) != 2 {
		t.Errorf("a signed query is not read: %+v", h.log.bad)
	}
}

func TestALongQueryThatIsNotVerifiedIsKept(t *testing.T) {
	choice, _ := signature.OfPreset("messagebird")
	v, err := signature.New(choice.Schemes[""], signature.Keys{Values: []string{secret}})
	if err != nil {
		t.Fatal(err)
	}
	h := withFormat(t, *presets.MustFind("messagebird").Format, func(s *Source) { s.Account = &signature.Account{Verifier: v, Tokens: s.Tokens} })
	query := "id=a&status=delivery_failed&statusErrorCode=103&recipient=31612345678&reference=" + strings.Repeat("x", 9<<10)
	h.do(httptest.NewRequest("GET", "/"+token+"?"+query, nil))
	if len(h.log.events) != 0 || len(h.log.bad) != 1 || string(h.log.bad[0].Body) != "?"+query || h.log.bad[0].Unverified == nil {
		t.Errorf("%d events, %+v", len(h.log.events), h.log.bad)
	}
}

func TestASourceMayRefuseWhatIsNotVerified(t *testing.T) {
	h := verifying(t, func(s *Source) { s.Reject = true }, signature.Keys{})
	if w := h.post(event); w.Code != http.StatusForbidden || h.log.size() != 0 || h.counter.last() != "gateway:unverified" {
		t.Errorf("%d %s", w.Code, h.counter.last())
	}
	for encoding, body := range map[string]string{"br": event, "gzip": event, "": strings.Repeat("x", MaxBody+1)} {
		h := verifying(t, func(s *Source) { s.Reject = true }, signature.Keys{})
		if w := h.post(body, "Content-Encoding", encoding); w.Code != http.StatusForbidden || h.log.size() != 0 {
			t.Errorf("%q: %d", encoding, w.Code)
		}
	}
	if w := h.post(event, "X-Signature", sign(called+"\n"+event)); w.Code != 200 || h.log.size() != 1 {
		t.Errorf("signed: %d", w.Code)
	}
}

func TestUnsignedCallbacksAreReadWhereTheyNeedNotBeSigned(t *testing.T) {
	h := verifying(t, nil, signature.Keys{Optional: true})
	if h.post(event); len(h.log.events) != 1 {
		t.Errorf("unsigned: %+v", h.log.bad)
	}
	if h.post(event, "X-Signature", sign("?")); len(h.log.events) != 1 || len(h.log.bad) != 1 {
		t.Errorf("wrong: %+v", h.log)
	}
}

func TestProbesOfASourceThatVerifiesAreAnswered(t *testing.T) {
	h := verifying(t, func(s *Source) { s.Reject = true }, signature.Keys{})
	for _, method := range []string{"GET", "HEAD", "OPTIONS"} {
		if w := h.do(httptest.NewRequest(method, "/"+token, nil)); w.Code != 200 || h.log.size() != 0 {
			t.Errorf("%s: %d", method, w.Code)
		}
	}
}

func TestACallbackWhoseCertificateIsNotKnownWaits(t *testing.T) {
	const topic = "arn:aws:sns:us-east-2:295079676684:delivery"
	v, err := signature.New(signature.SNS{}, signature.Keys{Values: []string{topic}, Certificate: func(string) *x509.Certificate { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	h := withFormat(t, provider.Format{Handshake: provider.HandshakeSNS}, func(s *Source) {
		s.Reject, s.Account = true, &signature.Account{Verifier: v, Tokens: s.Tokens}
	})
	envelope := func(kind, topic string) string {
		return `{"Type":"` + kind + `","TopicArn":"` + topic + `","Signature":"AA==","SigningCertURL":"https://sns.us-east-2.amazonaws.com/a.pem","id":"a","event":"delivered","SubscribeURL":"https://evil.example/"}`
	}
	for _, kind := range []string{"Notification", "SubscriptionConfirmation"} {
		if w := h.post(envelope(kind, topic)); w.Code != 200 || len(h.log.events) != 0 || !h.log.bad[len(h.log.bad)-1].Unverified.Waits {
			t.Errorf("%s: %d %+v", kind, w.Code, h.log)
		}
	}
	if w := h.post(envelope("Notification", topic+"2")); w.Code != http.StatusForbidden || len(h.log.bad) != 2 {
		t.Errorf("another topic: %d", w.Code)
	}
	// Without a topic nothing is verified, and a subscription is confirmed by people alone.
	h = withFormat(t, provider.Format{Handshake: provider.HandshakeSNS}, nil)
	h.post(envelope("SubscriptionConfirmation", topic))
	if len(h.log.events) != 0 || len(h.log.bad) != 1 || h.log.bad[0].Why != signature.WhyConfirm || h.log.bad[0].Unverified != nil {
		t.Errorf("%+v", h.log)
	}
}

// The request is that of Meta's page "Webhooks: Getting started".
func TestAChallengeIsAnsweredToWhoKnowsTheToken(t *testing.T) {
	h := withFormat(t, provider.Format{Handshake: provider.HandshakeChallenge}, nil)
	ask := func(path string, fields ...string) *httptest.ResponseRecorder {
		query := url.Values{}
		for i := 0; i < len(fields); i += 2 {
			query.Set(fields[i], fields[i+1])
		}
		return h.do(httptest.NewRequest("GET", path+"?"+query.Encode(), nil))
	}
	if w := ask("/callbacks/"+token, "hub.mode", "subscribe", "hub.challenge", "1158201444", "hub.verify_token", token); w.Code != 200 || w.Body.String() != "1158201444" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for name, fields := range map[string][]string{
		"another token": {"hub.mode", "subscribe", "hub.challenge", "1158201444", "hub.verify_token", token + "1"},
		"no token":      {"hub.mode", "subscribe", "hub.challenge", "1158201444"},
		"a page":        {"hub.mode", "subscribe", "hub.challenge", "<script>alert(1)</script>", "hub.verify_token", token},
	} {
		if w := ask("/callbacks/"+token, fields...); w.Code != http.StatusForbidden || strings.Contains(w.Body.String(), "115820") || strings.Contains(w.Body.String(), "script") {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	if w := ask("/callbacks/"+token+"1", "hub.mode", "subscribe", "hub.challenge", "1158201444", "hub.verify_token", token); w.Code != 404 {
		t.Errorf("at another URL: %d", w.Code)
	}
	if w := ask("/callbacks/"+token, "a", "b"); w.Code != 200 || h.log.size() != 0 {
		t.Errorf("another GET: %d", w.Code)
	}
	if w := open(t).do(httptest.NewRequest("GET", "/"+token+"?hub.mode=subscribe&hub.challenge=1&hub.verify_token="+token, nil)); strings.HasPrefix(w.Body.String(), "1") {
		t.Errorf("of a provider without challenges: %s", w.Body)
	}
}

// The body is that of Microsoft's page "Endpoint validation with Event Grid event schema".
func TestAzureEventGridIsAnsweredItsCode(t *testing.T) {
	body := `[{"id":"2d1781af-3a4c-4d7c-bd0c-e34b19da4e66","topic":"/subscriptions/x","subject":"","data":{"validationCode":"512d38b6-c7b8-40c8-89fe-f46f9e9622b6","validationUrl":"https://rp-eastus2.eventgrid.azure.net:553/eventsubscriptions/x"},"eventType":"Microsoft.EventGrid.SubscriptionValidationEvent","eventTime":"2022-10-25T15:04:55.8563385Z","metadataVersion":"1","dataVersion":"1"}]`
	h := withFormat(t, provider.Format{Handshake: provider.HandshakeEventGrid}, nil)
	if w := h.post(body, "aeg-event-type", "SubscriptionValidation"); w.Code != 200 || w.Body.String() != "{\"validationResponse\":\"512d38b6-c7b8-40c8-89fe-f46f9e9622b6\"}\n" || h.log.size() != 0 || h.counter.last() != "gateway:probed" {
		t.Errorf("%d %s %d", w.Code, w.Body, h.log.size())
	}
	if w := open(t).post(body); strings.Contains(w.Body.String(), "validationResponse") {
		t.Errorf("of another provider: %s", w.Body)
	}
}

func TestAnswersAreThoseOfTheFormat(t *testing.T) {
	h := withFormat(t, provider.Format{Answer: provider.Answer{OK: 204, Again: 429}}, nil)
	if w := h.post(event); w.Code != 204 || len(h.log.events) != 1 {
		t.Errorf("stored: %d", w.Code)
	}
	if w := h.do(httptest.NewRequest("HEAD", "/"+token, nil)); w.Code != 204 {
		t.Errorf("probed: %d", w.Code)
	}
	h.log.fail = func(context.Context) error { return errors.New("disk full") }
	if w := h.post(event); w.Code != 429 || w.Header().Get("Retry-After") == "" {
		t.Errorf("not stored: %d", w.Code)
	}
}

func TestTooMuchIsKeptInPartWhereTheProviderDoesNotSendItAgain(t *testing.T) {
	h := withFormat(t, provider.Format{}, nil)
	large := `{"id":"a","event":"delivered","text":"` + strings.Repeat("x", MaxBody) + `"}`
	if w := h.post(large); w.Code != 200 || len(h.log.events) != 0 || len(h.log.bad) != 1 || len(h.log.bad[0].Body) > keptOfLarge+8 || !strings.HasPrefix(large, string(h.log.bad[0].Body[:keptOfLarge])) {
		t.Errorf("%d: %d events, %d bodies", w.Code, len(h.log.events), len(h.log.bad))
	}
	if w := open(t).post(large); w.Code != 413 {
		t.Errorf("of a provider that does: %d", w.Code)
	}
	if again, err := withFormat(t, provider.Format{}, nil).tokens.Load().lookup(token).Reader.Read(&provider.Request{Body: h.log.bad[0].Body}); err != nil || len(again.Events) > 0 {
		t.Errorf("the part is read as %+v: %v", again, err)
	}
}
