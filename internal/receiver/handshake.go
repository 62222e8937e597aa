package receiver

import (
	"crypto/subtle"
	"encoding/json"
	"io"
	"net/http"
	"regexp"

	"winnow/hygiene/provider"
)

// plainChallenge are challenges that have only letters, digits and a few marks.
var plainChallenge = regexp.MustCompile(`^[A-Za-z0-9._~=-]{1,256}$`)

// answerChallenge answers a GET that is a challenge, and reports whether it is one.
func (s *Source) answerChallenge(w http.ResponseWriter, req *http.Request) (answer string, is bool) {
	if s.handshake() != provider.HandshakeChallenge || req.Method != http.MethodGet {
		return "", false
	}
	query := req.URL.Query()
	if query.Get("hub.mode") != "subscribe" {
		return "", false
	}
	own, sum := 0, tokenDigest(query.Get("hub.verify_token"))
	for _, token := range s.Tokens {
		of := tokenDigest(token)
		own |= subtle.ConstantTimeCompare(sum[:], of[:])
	}
	challenge := query.Get("hub.challenge")
	if own == 0 || !plainChallenge.MatchString(challenge) {
		http.Error(w, "hub.verify_token is not the token of this source", http.StatusForbidden)
		return AnswerUnverified, true
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = io.WriteString(w, challenge)
	return AnswerProbed, true
}

// validationEvent is the type of the event by which Azure Event Grid tries a URL.
const validationEvent = "Microsoft.EventGrid.SubscriptionValidationEvent"

// validation is the error of a body by which Azure Event Grid tries a URL.
type validation struct{ answer []byte }

// Error implements error.
func (validation) Error() string { return "the body only tries the URL" }

// validation is the answer to a body by which Azure Event Grid tries a URL; nil for any
// other body.
func (s *Source) validation(body []byte) []byte {
	if s.handshake() != provider.HandshakeEventGrid || len(body) > smallBody {
		return nil
	}
	var events []struct {
		EventType string `json:"eventType"`
		Data      struct {
			ValidationCode string `json:"validationCode"`
		} `json:"data"`
	}
	if json.Unmarshal(body, &events) != nil || len(events) != 1 || events[0].EventType != validationEvent || events[0].Data.ValidationCode == "" {
		return nil
	}
	answer, err := json.Marshal(map[string]string{"validationResponse": events[0].Data.ValidationCode})
	if err != nil {
		return nil
	}
	return append(answer, '\n')
}
