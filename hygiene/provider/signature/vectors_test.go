package signature

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"winnow/hygiene/instant"
)

// at is a time of receipt.
func at(t *testing.T, text string) instant.Instant {
	t.Helper()
	i, err := instant.ParseTime(text)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

// of is the verifier of a preset.
func of(t *testing.T, preset, algorithm string, keys ...string) *Verifier {
	t.Helper()
	choice, ok := OfPreset(preset)
	if !ok {
		t.Fatal("no signature of", preset)
	}
	scheme, err := choice.Pick(algorithm)
	if err != nil {
		t.Fatal(err)
	}
	v, err := New(scheme, Keys{Values: keys, Certificate: func(string) *x509.Certificate { return certificate(t) }})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// holds verifies a request, and that neither another secret nor any change of what is
// signed verifies.
func holds(t *testing.T, name string, v *Verifier, r *Request) {
	t.Helper()
	if err := v.Verify(r); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	if v.Scheme().Needs() == NeedSecret {
		other, err := New(v.scheme, Keys{Values: []string{"another secret"}})
		if err != nil {
			t.Fatal(err)
		}
		if err := other.Verify(r); err == nil {
			t.Errorf("%s: another secret verifies it", name)
		}
		both, err := New(v.scheme, Keys{Values: append([]string{"another secret"}, v.keys.Values...)})
		if err != nil {
			t.Fatal(err)
		}
		if err := both.Verify(r); err != nil {
			t.Errorf("%s: with two secrets: %v", name, err)
		}
	}
}

// fails says why a request is not the provider's.
func fails(t *testing.T, name string, v *Verifier, r *Request, want string) {
	t.Helper()
	if err := v.Verify(r); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%s: %v, not %q", name, err, want)
	}
}

// The signatures are of twilio-go, client/request_validator_test.go; the last one is of the
// version of that file that is current in 2025.
func TestTwilioSignsURLAndForm(t *testing.T) {
	const page = "https://mycompany.com/myapp.php?foo=1&bar=2"
	const fields = "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212"
	v := of(t, "twilio", "", "12345")
	request := func(url, signature, body string) *Request {
		return &Request{Method: "POST", URL: url, Header: header("X-Twilio-Signature", signature, contentType, form), Body: []byte(body)}
	}
	for url, signature := range map[string]string{
		page: "RSOYDt4T1cUTdK1PDd93/VVr8B8=",
		strings.Replace(page, ".com", ".com:1234", 1):                                      "RSOYDt4T1cUTdK1PDd93/VVr8B8=", // signed without the port
		"https://mycompany.com:443/myapp.php?foo=1&bar=2":                                  "kvajT1Ptam85bY51eRf/AJRuM3w=",
		strings.Replace(page, "https", "http", 1):                                          "0ZXoZLH/DfblKGATFgpif+LLRf4=",
		strings.Replace(strings.Replace(page, ".com", ".com:1234", 1), "https", "http", 1): "Zmvh+3yNM1Phv2jhDCwEM3q5ebU=",
	} {
		holds(t, url, v, request(url, signature, fields))
	}
	holds(t, "signed with the default port", v, request(page, "kvajT1Ptam85bY51eRf/AJRuM3w=", fields))
	holds(t, "in 2025", v, request(page, "vOEb5UThFn24KEfnOFLQY2AE5FY=", fields+"&Reason=Participant&ReasonConferenceEnded=test"))

	good := "RSOYDt4T1cUTdK1PDd93/VVr8B8="
	fails(t, "another number", v, request(page, good, strings.Replace(fields, "1212", "1213", 1)), "does not match")
	fails(t, "another field", v, request(page, good, fields+"&Z="), "does not match")
	fails(t, "another query", v, request(page+"&baz=3", good, fields), "does not match")
	fails(t, "no URL", v, request("", good, fields), "public_url")
	fails(t, "no signature", v, request(page, "", fields), ErrUnsigned.Error())
	fails(t, "no base64", v, request(page, "WRONG SIGNATURE", fields), "no signature in base64")
}

// The signatures are of twilio-go, client/request_validator_test.go.
func TestTwilioSignsTheDigestOfABodyThatIsNoForm(t *testing.T) {
	const page, digest = "https://mycompany.com/myapp.php", "bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
	const body = `{"property": "value", "boolean": true}`
	v := of(t, "twilio", "", "12345")
	request := func(url, signature, body string) *Request {
		return &Request{Method: "POST", URL: url, Header: header("X-Twilio-Signature", signature, contentType, "application/json"), Body: []byte(body)}
	}
	holds(t, "beside others", v, request(page+"?foo=1&bar=2&"+digest, "a9nBmqA0ju/hNViExpshrM61xv4=", body))
	holds(t, "alone", v, request(page+"?"+digest, "y77kIzt2vzLz71DgmJGsen2scGs=", body))
	fails(t, "another body", v, request(page+"?"+digest, "y77kIzt2vzLz71DgmJGsen2scGs=", body+" "), "does not cover it")
	fails(t, "no digest", v, request(page+"?foo=1&bar=2", "RSOYDt4T1cUTdK1PDd93/VVr8B8=", body), "does not cover it")
}

// The first five signatures are of vonage-ruby-sdk, test/vonage/signature_test.rb. The
// others are of vonage-python-sdk, http_client/tests/test_auth.py.
func TestVonageSMSSignsParameters(t *testing.T) {
	const query = "message-timestamp=2013-11-21+15%3A27%3A30&messageId=020000001B0FE827&msisdn=14843472194&text=Test+again&timestamp=1385047698&to=13239877404&type=text"
	const object = `{"message-timestamp":"2013-11-21 15:27:30","messageId":"020000001B0FE827","msisdn":"14843472194","text":"Test again","timestamp":"1385047698","to":"13239877404","type":"text"`
	for algorithm, signature := range map[string]string{
		"md5hash": "d2e7b1dc968737c5998ad624e02f90b7",
		"md5":     "DDEBD46008C2D4E93CCE578A332A52D5",
		"sha1":    "27D0D05C2876C7CB1720DBCDBA4D492E1E55C09A",
		"sha256":  "DDB8397C2B90AAC7F3882D306475C9A5058C92322EEF43C92B298B6E0FC0D330",
		"sha512":  "E0D3C650F8C9D1A5C174D10DDDBFB003E561F59B265616208B0487C5D819481CD3C311D59CF6165ECD1139622D5BA3A256C0D763AC4A9AD9144B5A426B94FE82",
	} {
		v := of(t, "vonage-sms", algorithm, "my_secret_key_for_testing")
		get := &Request{Method: "GET", URL: "https://example.com/insider?" + query + "&sig=" + signature}
		post := &Request{Method: "POST", URL: "https://example.com/", Header: header(contentType, form), Body: []byte(query + "&sig=" + signature)}
		text := &Request{Method: "POST", URL: "https://example.com/", Header: header(contentType, "application/json"), Body: []byte(object + `,"sig":"` + signature + `"}`)}
		holds(t, algorithm+" by GET", v, get)
		holds(t, algorithm+" by POST", v, post)
		holds(t, algorithm+" in JSON", v, text)
		get.URL = strings.Replace(get.URL, "msisdn=1", "msisdn=2", 1)
		fails(t, "another number", v, get, "does not match")
		text.Body = []byte(strings.Replace(string(text.Body), "{", `{"msisdn":"1",`, 1))
		fails(t, "two numbers", v, text, "each name once")
		text.Body = []byte(strings.Replace(object, "{", `{"client-ref":{"contact":"another"},`, 1) + `,"sig":"` + signature + `"}`)
		fails(t, "attached data that is not signed", v, text, "not signed")
		post.Body = append(post.Body, "&msisdn=1"...)
		fails(t, "two numbers", v, post, "several times")
	}
	v := of(t, "vonage-sms", "sha256", "signature_secret")
	holds(t, "of Python", v, &Request{URL: "https://example.com/?param1=value1&param2=value2&timestamp=1234567890&sig=280c4320703dbc98bfa22db676655ed2acfbfe8792b062ff7622e67f1183c287"})
	v = of(t, "vonage-sms", "md5", "signature_secret")
	holds(t, "with & and =", v, &Request{URL: "https://example.com/?param1=value%261&param2=value%3D2&timestamp=1234567890&sig=2bbf0abafb2c55e5af6231513896a2ac"})
	fails(t, "no signature", v, &Request{URL: "https://example.com/?param1=value1"}, ErrUnsigned.Error())
	choice, _ := OfPreset("vonage-sms")
	if _, err := choice.Pick(""); err == nil || !strings.Contains(err.Error(), "write one of md5, md5hash, sha1, sha256, sha512") {
		t.Error(err)
	}
}

// The token and its secret are of a test of a status webhook for Vonage's Messages API, in
// the public project notifycal. The body whose digest it has is not there, so the token is
// good and the body is another one.
func TestVonageMessagesSignsTheBodyInAToken(t *testing.T) {
	const token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJWb25hZ2UiLCJpYXQiOjE3NDE4OTI3ODQsImp0aSI6ImI5MzYwOGNmLWQzZjYtNGZlYi1iNDI2LTUyMjM3N2YwOWViNCIsImFwaV9rZXkiOiIxMjM0NTY3OCIsImFwcGxpY2F0aW9uX2lkIjoiODc2NTQzMjEtMTIzNC00MzIxLTEyMzQtYjM3ZTcxNWFlYmI1IiwicGF5bG9hZF9oYXNoIjoiZDRmNTM0YjQzMzdmOTQzMWUwZTRjYzEwNDgxOGFlNjE3ZGRhMWVjNDQ2YWVkZDkxMzU5ODNjMjQ0YmVhNWM5MCJ9.MEKK7PtsxMTDBywOTfXFIB2x1lUx3Yqcgp7uUFgCHew"
	r := &Request{Method: "POST", Header: header(authorization, "Bearer "+token), Body: []byte(`{"message_uuid":"a"}`)}
	fails(t, "the secret", of(t, "vonage-messages", "", "this-is-a-fake-secret"), r, "for another body")
	fails(t, "another secret", of(t, "vonage-messages", "", "this-is-another-secret"), r, "does not match")
	r.Header = header(authorization, "Basic dXNlcjpwYXNz")
	fails(t, "no token", of(t, "vonage-messages", "", "this-is-a-fake-secret"), r, "no token")
	// This one is of vonage-python-sdk, jwt/tests/test_verify_jwt.py.
	r.Header = header(authorization, "Bearer eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJPbmxpbmUgSldUIEJ1aWxkZXIiLCJpYXQiOjE2OTc2MzQ2ODAsImV4cCI6MzMyNTQ1NDA4MjgsImF1ZCI6IiIsInN1YiI6IiJ9.88vJc3I2HhuqEDixHXVhc9R30tA6U_HQHZTC29y6CGM")
	fails(t, "of Python", of(t, "vonage-messages", "", "qwertyuiopasdfghjklzxcvbnm123456"), r, "another issuer")
}

// The tokens are of messagebird/go-rest-api, signature_jwt/testdata/reference.json.
func TestMessageBirdSignsURLAndBodyInAToken(t *testing.T) {
	const secret = "36efdd1aace2e26cd490f0d951138253bef2f7c6d34d18981da781555cc4cebb"
	const hs256 = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
	const root, path = "https://example.com/", "https://example.com/path?bar=1&foo=2"
	const plain = hs256 + "eyJpc3MiOiJNZXNzYWdlQmlyZCIsIm5iZiI6MTYyNTQ3OTIwMCwiZXhwIjoxNjI1NDc5MjYwLCJqdGkiOiI1OWEyNDRkYy1lOWFkLTRlMjMtOTc3OC0zNzFmYWEyMzhmNzIiLCJ1cmxfaGFzaCI6IjBmMTE1ZGIwNjJiN2MwZGQwMzBiMTY4NzhjOTlkZWE1YzM1NGI0OWRjMzdiMzhlYjg4NDYxNzljNzc4M2U5ZDcifQ.6Fp0rVOsRr1fj9S2GidXAfkmPVofKr8_RTffC6G6r2E"
	v := of(t, "messagebird", "", secret)
	for _, c := range []struct{ name, url, body, token, want string }{
		{"without a query", root, "", plain, ""},
		{"with a query", path, "", hs256 + "eyJpc3MiOiJNZXNzYWdlQmlyZCIsIm5iZiI6MTYyNTQ3OTIwMCwiZXhwIjoxNjI1NDc5MjYwLCJqdGkiOiJjOTQ2YWY3Ny1lMTgyLTRlYWEtYjJmZi0xYTU0NWI1ZTk5MWEiLCJ1cmxfaGFzaCI6IjQxZjA1ZjBkZGQwYTIyYWIyMDlhYzQ2ZjQ3YzQ1NzJkOWNlZmEyNTdlZDc0YjI0MDA0YmFlNzUzZWNlNmMyNjAifQ.huo2ou6JDoDc7sV25d75UMWeYhBeavQlLsqIibSZuac", ""},
		{"with a body", path, "Hello, World!", hs256 + "eyJpc3MiOiJNZXNzYWdlQmlyZCIsIm5iZiI6MTYyNTQ3OTIwMCwiZXhwIjoxNjI1NDc5MjYwLCJqdGkiOiI5M2U1NTAwNi1hMGU4LTQ1MjYtYTE5MC1mYTVmZjAwZWExMTYiLCJ1cmxfaGFzaCI6IjQxZjA1ZjBkZGQwYTIyYWIyMDlhYzQ2ZjQ3YzQ1NzJkOWNlZmEyNTdlZDc0YjI0MDA0YmFlNzUzZWNlNmMyNjAiLCJwYXlsb2FkX2hhc2giOiJkZmZkNjAyMWJiMmJkNWIwYWY2NzYyOTA4MDllYzNhNTMxOTFkZDgxYzdmNzBhNGIyODY4OGEzNjIxODI5ODZmIn0._H--TOuYFLpeEH39-rg5E3IHVkjHozBcaKVWPRC5m9I", ""},
		{"with escapes", root + "?obj%5Bfield1%5D=val1&obj%5Bfield2%5D=val2&param=value+with+spaces", "", hs256 + "eyJpc3MiOiJNZXNzYWdlQmlyZCIsIm5iZiI6MTYyNTQ3OTIwMCwiZXhwIjoxNjI1NDc5MjYwLCJqdGkiOiI1OWEyNDRkYy1lOWFkLTRlMjMtOTc3OC0zNzFmYWEyMzhmNzIiLCJ1cmxfaGFzaCI6IjhhZmYzNzQ4ZDc4OWM0MzMzNTczZTFjMzFmZTViMDA0OTQwY2I1ZmM0NzQ2MGVkM2QwZTY1NGY3ZmM0ZTVmYWUifQ.mJBCMfEjKmN3IMuzqPXPHktWETrcu0iNdF3agE8PDyI", ""},
		{"with HS384", root, "", "eyJhbGciOiJIUzM4NCIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJNZXNzYWdlQmlyZCIsIm5iZiI6MTYyNTQ3OTIwMCwiZXhwIjoxNjI1NDc5MjYwLCJqdGkiOiI1OWEyNDRkYy1lOWFkLTRlMjMtOTc3OC0zNzFmYWEyMzhmNzIiLCJ1cmxfaGFzaCI6IjBmMTE1ZGIwNjJiN2MwZGQwMzBiMTY4NzhjOTlkZWE1YzM1NGI0OWRjMzdiMzhlYjg4NDYxNzljNzc4M2U5ZDcifQ.KNMW-29X77lZeuPmThmHWc_RUAvTkaDkpxIZK6mqE08v8mWKiU9Edh4QXwAJO2nv", ""},
		{"before it is valid", root, "", hs256 + "eyJpc3MiOiJNZXNzYWdlQmlyZCIsIm5iZiI6MTYyNTQ4MjgwMCwiZXhwIjoxNjI1NDgyODYwLCJqdGkiOiJmOWY4YzM4Mi0yNDQ5LTQzMTEtYjcyYi0xZGY3MTY4NzkzMWUiLCJ1cmxfaGFzaCI6IjBmMTE1ZGIwNjJiN2MwZGQwMzBiMTY4NzhjOTlkZWE1YzM1NGI0OWRjMzdiMzhlYjg4NDYxNzljNzc4M2U5ZDcifQ.ZELgDFNGhjZH9CffQKcq3sytBe2I0KciLxpBhcfstHQ", "not valid yet"},
		{"after it was valid", root, "", hs256 + "eyJpc3MiOiJNZXNzYWdlQmlyZCIsIm5iZiI6MTYyNTQ3NTYwMCwiZXhwIjoxNjI1NDc1NjYwLCJqdGkiOiI1ZjAyZjUyMi02MDMwLTQ2YzgtYjVhMy0wMTI0NjQ3OGQ4YmMiLCJ1cmxfaGFzaCI6IjBmMTE1ZGIwNjJiN2MwZGQwMzBiMTY4NzhjOTlkZWE1YzM1NGI0OWRjMzdiMzhlYjg4NDYxNzljNzc4M2U5ZDcifQ.45MSST3B_2PsjNUeiuW54_vUQgVw4rBXrdWrOUEz3lM", "expired"},
		{"for another order of the query", "https://example.com/path?foo=1&bar=2", "", hs256 + "eyJpc3MiOiJNZXNzYWdlQmlyZCIsIm5iZiI6MTYyNTQ3OTIwMCwiZXhwIjoxNjI1NDc5MjYwLCJqdGkiOiJhNzVjOTA5Ni1lODIzLTQ0MmItODVmMi03ZDNjOWQ5YjcyNmIiLCJ1cmxfaGFzaCI6IjZhMDIyZDgzNGMxODMzMGJhYWQ4YTJiZDYxMzUxNzNlZDIxNjEwYTQ1NDUxNmJlMGRmM2YxY2MwMTUxNjEwZWEifQ.z6Sw1XQIM0wuEQGBhXBdawDIIrtMg2XnmA_bpDq53pE", "another URL"},
		{"for another body", root, "Hello, World!", hs256 + "eyJpc3MiOiJNZXNzYWdlQmlyZCIsIm5iZiI6MTYyNTQ3OTIwMCwiZXhwIjoxNjI1NDc5MjYwLCJqdGkiOiIxNDUwMTUzMi05NmYyLTQ2ODQtOTgzMi02OGYwOTUxYWUzNDIiLCJ1cmxfaGFzaCI6IjBmMTE1ZGIwNjJiN2MwZGQwMzBiMTY4NzhjOTlkZWE1YzM1NGI0OWRjMzdiMzhlYjg4NDYxNzljNzc4M2U5ZDciLCJwYXlsb2FkX2hhc2giOiJmYjYyZjAyYWNkYTdkNzQxNzdhNzAxYTFjZTAwNmU2YmFjZDkwYzdkNGQ3YWI0ODE2OTJjMWRhNDdjODEwNzZiIn0.m79RCwO6dGa9pvzsQypkVuXQ6eM0CkRl6_U7MfWg6TM", "another body"},
		{"with a body that is not signed", root, "Hello, World!", plain, "another body"},
		{"without the body that is signed", root, "", hs256 + "eyJpc3MiOiJNZXNzYWdlQmlyZCIsIm5iZiI6MTYyNTQ3OTIwMCwiZXhwIjoxNjI1NDc5MjYwLCJqdGkiOiIxNDUwMTUzMi05NmYyLTQ2ODQtOTgzMi02OGYwOTUxYWUzNDIiLCJ1cmxfaGFzaCI6IjBmMTE1ZGIwNjJiN2MwZGQwMzBiMTY4NzhjOTlkZWE1YzM1NGI0OWRjMzdiMzhlYjg4NDYxNzljNzc4M2U5ZDciLCJwYXlsb2FkX2hhc2giOiJkZmZkNjAyMWJiMmJkNWIwYWY2NzYyOTA4MDllYzNhNTMxOTFkZDgxYzdmNzBhNGIyODY4OGEzNjIxODI5ODZmIn0.bHfsjj3tljfzTufoG3EU3p_yFrQh9CufyzRSaRMd4ss", "another body"},
		{"with another secret", root, "", hs256 + "eyJpc3MiOiJNZXNzYWdlQmlyZCIsIm5iZiI6MTYyNTQ3OTIwMCwiZXhwIjoxNjI1NDc5MjYwLCJqdGkiOiIyNDNjMjdhZS0yZjAyLTQ2YTAtODg1Mi1jNjZmMzdlYTlmNDYiLCJ1cmxfaGFzaCI6IjBmMTE1ZGIwNjJiN2MwZGQwMzBiMTY4NzhjOTlkZWE1YzM1NGI0OWRjMzdiMzhlYjg4NDYxNzljNzc4M2U5ZDcifQ.JgSeYyOtlEKAXk8bz30iJI4tXgf4lxknoiezawuVhb4", "does not match"},
		{"with no algorithm", root, "", "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJpc3MiOiJNZXNzYWdlQmlyZCIsImlhdCI6MTYyNTQ3OTIwMCwiZXhwIjoxNjI1NDc5MjYwLCJqdGkiOiI1OWEyNDRkYy1lOWFkLTRlMjMtOTc3OC0zNzFmYWEyMzhmNzIiLCJ1cmxfaGFzaCI6IjBmMTE1ZGIwNjJiN2MwZGQwMzBiMTY4NzhjOTlkZWE1YzM1NGI0OWRjMzdiMzhlYjg4NDYxNzljNzc4M2U5ZDcifQ.", "no token"},
	} {
		r := &Request{URL: c.url, Body: []byte(c.body), Header: header("MessageBird-Signature-JWT", c.token), ReceivedAt: at(t, "2021-07-05T12:00:00+02:00")}
		if c.want == "" {
			holds(t, c.name, v, r)
		} else {
			fails(t, c.name, v, r, c.want)
		}
	}
}

// The signature is of plivo-go, utils_test.go.
func TestPlivoSignsTheAddressAndANonce(t *testing.T) {
	v := of(t, "plivo", "", "my_auth_token")
	const signature = "ehV3IKhLysWBxC1sy8INm0qGoQYdYsHwuoKjsX7FsXc="
	request := func(url, name, nonce string) *Request {
		return &Request{URL: url, Header: header(name, signature, "X-Plivo-Signature-V2-Nonce", nonce)}
	}
	holds(t, "of the account", v, request("https://answer.url", "X-Plivo-Signature-V2", "12345"))
	holds(t, "of the main account", v, request("https://answer.url", "X-Plivo-Signature-Ma-V2", "12345"))
	holds(t, "with a query, which is not signed", v, request("https://answer.url?Status=sent", "X-Plivo-Signature-V2", "12345"))
	fails(t, "another nonce", v, request("https://answer.url", "X-Plivo-Signature-V2", "12346"), "does not match")
	fails(t, "another path", v, request("https://answer.url/a", "X-Plivo-Signature-V2", "12345"), "does not match")
}

// The signature is of sinch-sdk-dotnet, tests/Sinch.Tests/Conversation/WebhooksTests.cs; it
// stands in Sinch's documentation of callbacks too.
func TestSinchSignsBodyNonceAndTime(t *testing.T) {
	body := `{"app_id":"","accepted_time":"2021-10-18T17:49:13.813615Z","project_id":"e2df3a34-a71b-4448-9db5-a8d2baad28e4","contact_create_notification":{"contact":{"id":"01FJA8B466Y0R2GNXD78MD9SM1","channel_identities":[{"channel":"SMS","identity":"48123456789","app_id":""}],"display_name":"New Test Contact","email":"new.contact@email.com","external_id":"","metadata":"","language":"EN_US"}},"message_metadata":""}`
	v := of(t, "sinch", "", "foo_secret1234")
	r := &Request{Body: []byte(body), Header: header("x-sinch-webhook-signature", "6bpJoRmFoXVjfJIVglMoJzYXxnoxRujzR4k2GOXewOE=",
		"x-sinch-webhook-signature-nonce", "01FJA8B4A7BM43YGWSG9GBV067", "x-sinch-webhook-signature-timestamp", "1634579353")}
	holds(t, "a contact", v, r)
	r.Body = []byte(strings.Replace(body, "48123", "48124", 1))
	fails(t, "another body", v, r, "does not match")
}

// No signature of Telnyx with its key is public: the tests of its libraries make a key each
// time. This one was made with openssl pkeyutl 3.0, over what Telnyx's page says is signed.
func TestTelnyxSignsTimeAndBody(t *testing.T) {
	body := `{"data":{"event_type":"message.finalized","id":"4ee8c3a6-4995-4309-a3c6-38e3db9ea4be","payload":{"id":"ac012cbf-5e09-46af-a69a-7c0e2d90993c","to":[{"phone_number":"+13125550002","status":"delivered"}]}}}`
	v := of(t, "telnyx", "", "YnBXrB7EHM+Zr1Fg4j0OQtsYQGa2Q/Aaf0wExlBSa6E=")
	request := func(time, body string) *Request {
		return &Request{Body: []byte(body), ReceivedAt: at(t, "2024-01-15T21:32:15Z"),
			Header: header("Telnyx-Timestamp", time, "telnyx-signature-ed25519", "olOj429d4k2cvgjKRemQg7qWnya1ejrKmkvV/n/iU4TQXDK9gn5HJerYGGC45fwSgSB6KmZ2OotkmaVwsWk9CA==")}
	}
	holds(t, "a message", v, request("1705354334", body))
	fails(t, "another body", v, request("1705354334", body+" "), "does not match")
	fails(t, "another time", v, request("1705354335", body), "does not match")
	late := request("1705354334", body)
	late.ReceivedAt = late.ReceivedAt.Add(6 * time.Minute)
	fails(t, "six minutes later", v, late, "more than 5m0s from the receipt")
	early := request("1705354334", body)
	early.ReceivedAt = early.ReceivedAt.Add(-6 * time.Minute)
	fails(t, "six minutes before", v, early, "more than 5m0s from the receipt")
}

// The signature is of GitHub's page "Validating webhook deliveries": GitHub and Meta have
// the same header, of WebSub. None of Meta's with its secret was found.
func TestWhatsAppSignsTheBody(t *testing.T) {
	v := of(t, "whatsapp", "", "It's a Secret to Everybody")
	r := &Request{Body: []byte("Hello, World!"), Header: header("X-Hub-Signature-256", "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17")}
	holds(t, "a body", v, r)
	r.Body = []byte("Hello, World?")
	fails(t, "another body", v, r, "does not match")
	r.Header = header("X-Hub-Signature-256", "sha1=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17")
	fails(t, "another prefix", v, r, "no signature in hex")
}

// certificate is Amazon's of 2021 to 2022, from aws-php-sns-message-validator,
// tests/FunctionalValidationsTest.php, as are the messages.
func certificate(t *testing.T) *x509.Certificate {
	t.Helper()
	c, err := ParseCertificate([]byte(snsCertificate))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

type snsMessage struct {
	Type, MessageId, TopicArn, Subject, Message, Timestamp, SignatureVersion, Signature, SigningCertURL string
}

func (m snsMessage) request(t *testing.T) *Request {
	t.Helper()
	fields := map[string]string{"Type": m.Type, "MessageId": m.MessageId, "TopicArn": m.TopicArn, "Message": m.Message,
		"Timestamp": m.Timestamp, "SignatureVersion": m.SignatureVersion, "Signature": m.Signature, "SigningCertURL": m.SigningCertURL}
	if m.Subject != "" {
		fields["Subject"] = m.Subject
	}
	body, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return &Request{Method: "POST", Body: body, ReceivedAt: at(t, m.Timestamp)}
}

func TestAmazonSNSSignsTheEnvelope(t *testing.T) {
	for _, m := range snsMessages {
		name := "version " + m.SignatureVersion + " subject " + m.Subject
		holds(t, name, of(t, "aws-sms", "", "arn:aws:sns:us-east-2:295079676684:another", m.TopicArn), m.request(t))
		fails(t, name, of(t, "aws-sms", "", "arn:aws:sns:us-east-2:295079676684:another"), m.request(t), "another topic")
		for what, change := range map[string]func(*snsMessage){
			"message": func(m *snsMessage) { m.Message += "!" }, "id": func(m *snsMessage) { m.MessageId += "1" },
			"time": func(m *snsMessage) { m.Timestamp = "2022-07-28T21:23:58.318Z" }, "subject": func(m *snsMessage) { m.Subject += "?" },
		} {
			other := m
			change(&other)
			fails(t, name+", another "+what, of(t, "aws-sms", "", m.TopicArn), other.request(t), "does not match")
		}
	}
}

func TestACertificateIsAskedForAtAmazonOnly(t *testing.T) {
	m := snsMessages[0]
	asked := ""
	v, err := New(SNS{}, Keys{Values: []string{m.TopicArn}, Certificate: func(url string) *x509.Certificate { asked = url; return nil }})
	if err != nil {
		t.Fatal(err)
	}
	fails(t, "not known yet", v, m.request(t), ErrNoCertificate.Error())
	if asked != m.SigningCertURL {
		t.Errorf("asked for %q", asked)
	}
	for _, url := range []string{
		"http://sns.us-east-2.amazonaws.com/a.pem", "https://sns.us-east-2.amazonaws.com.evil.example/a.pem", "https://s3.us-east-2.amazonaws.com/sns/a.pem",
		"https://sns.us-east-2.amazonaws.com:8443/a.pem", "https://u@sns.us-east-2.amazonaws.com/a.pem", "https://evil.example/sns.us-east-2.amazonaws.com/a.pem",
		"https://sns.us-east-2.amazonaws.com/?Action=Unsubscribe&a=.pem", "https://sns.us-east-2.amazonaws.com/a", "https://sns..amazonaws.com/a.pem", "https://sns.s3-us-west-2.amazonaws.com/a.pem", "https://sns.s3-accelerate.amazonaws.com/a.pem", "https://sns.execute-api.amazonaws.com/a.pem",
		"https://127.0.0.1/a.pem", "",
		"https://sns.us-east-2.amazonaws.com/a.pem#b", "https://sns.us-east-2.amazonaws.com/a.pem?b", "https://SNS.us-east-2.amazonaws.com@evil.example/a.pem",
	} {
		asked = ""
		other := m
		other.SigningCertURL = url
		fails(t, url, v, other.request(t), "not at a URL of Amazon SNS")
		if asked != "" {
			t.Errorf("asked for %q", asked)
		}
	}
	for _, url := range []string{"https://sns.us-gov-west-1.amazonaws.com/a.pem", "https://sns.cn-north-1.amazonaws.com.cn/a.pem", "https://sns.ap-southeast-4.amazonaws.com/a.pem", "https://sns.eusc-de-east-1.amazonaws.com/a.pem"} {
		other := m
		other.SigningCertURL = url
		fails(t, url, v, other.request(t), ErrNoCertificate.Error())
	}
}

// An envelope whose names differ in case, or that has a name twice, could be verified as
// one message and read as another.
func TestAnEnvelopeIsReadInOneWay(t *testing.T) {
	m := snsMessages[0]
	v := of(t, "aws-sms", "", m.TopicArn)
	body := string(m.request(t).Body)
	request := func(more string) *Request {
		return &Request{Body: []byte(strings.Replace(body, "{", "{"+more+",", 1)), ReceivedAt: at(t, m.Timestamp)}
	}
	fails(t, "twice", v, request(`"Message":"evil"`), "each name once")
	holds(t, "in small letters", v, request(`"message":"evil"`))
	if e, err := ReadEnvelope(request(`"message":"evil"`).Body); err != nil || e.Message != m.Message {
		t.Errorf("%+v %v", e, err)
	}
	fails(t, "a second value", v, &Request{Body: []byte(body + body), ReceivedAt: at(t, m.Timestamp)}, "each name once")
	expired := m.request(t)
	expired.ReceivedAt = at(t, "2022-08-18T00:00:00Z")
	fails(t, "after the certificate", v, expired, "was not valid")
}

// The example is of RFC 7617.
func TestBasicIsAUserAndAPassword(t *testing.T) {
	v, err := New(Basic{}, Keys{Values: []string{"Aladdin:open sesame", "new:secret"}})
	if err != nil {
		t.Fatal(err)
	}
	request := func(value string) *Request { return &Request{Header: header(authorization, value)} }
	encode := func(text string) string { return "basic " + base64.StdEncoding.EncodeToString([]byte(text)) }
	holds(t, "the example", v, request("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="))
	holds(t, "the new one", v, request(encode("new:secret")))
	fails(t, "another password", v, request(encode("Aladdin:open sesame ")), "wrong")
	fails(t, "another user", v, request(encode("new:open sesame")), "wrong")
	fails(t, "a bearer", v, request("Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), "not of HTTP basic")
	fails(t, "none", v, &Request{}, ErrUnsigned.Error())
	v.keys.Optional = true
	if err := v.Verify(&Request{}); err != nil {
		t.Errorf("optional: %v", err)
	}
	fails(t, "optional and wrong", v, request(encode("a:b")), "wrong")
}

func TestKeysAreChecked(t *testing.T) {
	telnyx, _ := OfPreset("telnyx")
	for _, c := range []struct {
		scheme Scheme
		values []string
		want   string
	}{
		{telnyx.Schemes[""], []string{"short"}, "32 bytes in base64"},
		{telnyx.Schemes[""], nil, "public_key is missing"},
		{Basic{}, []string{"user"}, "colon"},
		{SNS{}, []string{"my-topic"}, "ARN"},
		{HMAC{Hash: SHA1, Sent: []string{"H"}, Parts: []Part{{Of: PartBody}}}, []string{""}, "secret is empty"},
		{HMAC{Hash: "sha3", Sent: []string{"H"}, Parts: []Part{{Of: PartBody}}}, []string{"s"}, "digest"},
		{HMAC{Hash: SHA1, Sent: []string{"H"}}, []string{"s"}, "1 to 16 parts"},
		{HMAC{Hash: SHA1, Sent: []string{"H"}, Parts: []Part{{Of: PartBody}}, Timestamp: Timestamp{Header: "T"}}, []string{"s"}, "not among the parts"},
	} {
		if _, err := New(c.scheme, Keys{Values: c.values}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%T %q: %v", c.scheme, c.values, err)
		}
	}
}
