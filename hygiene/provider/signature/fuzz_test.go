package signature

import (
	"crypto/x509"
	"testing"

	"winnow/hygiene/instant"
)

// FuzzForeignRequestsAreNotTheProviders sends anything to every verifier: none may panic,
// and none may take it for the provider's.
func FuzzForeignRequestsAreNotTheProviders(f *testing.F) {
	var verifiers []*Verifier
	keys := map[Need]string{NeedSecret: "a secret that is not in the corpus", NeedPublicKey: "YnBXrB7EHM+Zr1Fg4j0OQtsYQGa2Q/Aaf0wExlBSa6E=",
		NeedBasic: "user:a password that is not in the corpus", NeedTopic: snsMessages[0].TopicArn}
	known, err := ParseCertificate([]byte(snsCertificate))
	if err != nil {
		f.Fatal(err)
	}
	add := func(s Scheme) {
		v, err := New(s, Keys{Values: []string{keys[s.Needs()]}, Certificate: func(string) *x509.Certificate { return known }})
		if err != nil {
			f.Fatal(err)
		}
		verifiers = append(verifiers, v)
	}
	add(Basic{})
	for _, name := range Presets() {
		for _, s := range presets[name].Schemes {
			add(s)
		}
	}
	const jwt = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJPbmxpbmUgSldUIEJ1aWxkZXIifQ.88vJc3I2HhuqEDixHXVhc9R30tA6U_HQHZTC29y6CGM"
	f.Add("https://example.com/a?sig=00&bodySHA256=00", form, "RSOYDt4T1cUTdK1PDd93/VVr8B8=", "1705354334", []byte("a=b&sig=aa"))
	f.Add("http://[::1]:80/%zz?%zz=;", "application/json", "sha256=00,sha256=11", "-1", []byte(`{"Type":"Notification","TopicArn":"`+snsMessages[0].TopicArn+`"}`))
	f.Add("//", "", "Bearer "+jwt, "2024-01-15T21:32:15Z", []byte(`{"sig":"","sig":1}`))
	f.Fuzz(func(t *testing.T, url, kind, signature, at string, body []byte) {
		r := &Request{Method: "POST", URL: url, Body: body, Header: header(contentType, kind), ReceivedAt: instant.Instant(len(at))}
		for _, v := range verifiers {
			for _, name := range v.Scheme().Headers() {
				if name != contentType {
					r.Header[name] = []string{signature}
				}
			}
			r.Header["Telnyx-Timestamp"] = []string{at}
			if v.Verify(r) == nil {
				t.Errorf("%T verifies %q", v.Scheme(), r)
			}
		}
	})
}
