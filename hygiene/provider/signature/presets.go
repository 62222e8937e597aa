package signature

import (
	"maps"
	"slices"
	"time"
)

// presets are how the providers sign, by the name of the preset. Those that are missing
// here sign nothing.
var presets = map[string]Choice{
	// https://www.twilio.com/docs/usage/webhooks/webhooks-security; sha256 where a webhook
	// rule of the account says so.
	"twilio": {Default: "sha1", Schemes: map[string]Scheme{
		"sha1":   HMAC{Hash: SHA1, Sent: []string{"X-Twilio-Signature"}, Encoding: Base64, Parts: []Part{{Of: PartURL}, {Of: PartForm}}},
		"sha256": HMAC{Hash: SHA256, Sent: []string{"X-Twilio-Signature"}, Encoding: Base64, Parts: []Part{{Of: PartURL}, {Of: PartForm}}},
	}},
	// https://developer.vonage.com/en/getting-started/concepts/signing-messages
	"vonage-sms": {Schemes: map[string]Scheme{
		"md5hash": Parameters{Hash: MD5, Plain: true, Sent: "sig"},
		"md5":     Parameters{Hash: MD5, Sent: "sig"},
		"sha1":    Parameters{Hash: SHA1, Sent: "sig"},
		"sha256":  Parameters{Hash: SHA256, Sent: "sig"},
		"sha512":  Parameters{Hash: SHA512, Sent: "sig"},
	}},
	// https://developer.vonage.com/en/getting-started/concepts/webhooks
	"vonage-messages": One(JWT{Sent: authorization, Prefix: "Bearer ", Issuer: "Vonage", BodyHash: "payload_hash"}),
	// https://docs.plivo.com/docs/messaging/concepts/signature-validation; the second
	// header is signed by the main account for its subaccounts. The body is not signed.
	"plivo": One(HMAC{Hash: SHA256, Sent: []string{"X-Plivo-Signature-V2", "X-Plivo-Signature-Ma-V2"}, Encoding: Base64,
		Parts: []Part{{Of: PartAddress}, {Header: "X-Plivo-Signature-V2-Nonce"}}}),
	// https://developers.sinch.com/docs/conversation/callbacks, which SMS webhooks share
	// where the account has a secret. The age of a signature is not looked at: Sinch sends
	// again for a day, and does not say with which time.
	"sinch": One(HMAC{Hash: SHA256, Sent: []string{"X-Sinch-Webhook-Signature"}, Encoding: Base64, Parts: []Part{
		{Of: PartBody}, {Literal: "."}, {Header: "X-Sinch-Webhook-Signature-Nonce"}, {Literal: "."}, {Header: "X-Sinch-Webhook-Signature-Timestamp"}}}),
	// https://developers.messagebird.com/api/#verifying-http-requests
	"messagebird": One(JWT{Sent: "Messagebird-Signature-Jwt", Issuer: "MessageBird", URLHash: "url_hash", BodyHash: "payload_hash"}),
	// https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks; the age is
	// that of Telnyx's own libraries.
	"telnyx": One(Ed25519{Sent: []string{"Telnyx-Signature-Ed25519"}, Parts: []Part{{Header: "Telnyx-Timestamp"}, {Literal: "|"}, {Of: PartBody}},
		Timestamp: Timestamp{Header: "Telnyx-Timestamp", Tolerance: 5 * time.Minute}}),
	// https://developers.facebook.com/docs/graph-api/webhooks/getting-started
	"whatsapp": One(HMAC{Hash: SHA256, Sent: []string{"X-Hub-Signature-256"}, Prefix: "sha256=", Encoding: Hex, Parts: []Part{{Of: PartBody}}}),
	// https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
	"aws-sms": One(SNS{}),
}

// OfPreset is how the provider of a preset signs, and whether it signs at all.
func OfPreset(name string) (Choice, bool) {
	c, ok := presets[name]
	return c, ok
}

// Presets are the names of the presets whose providers sign, sorted.
func Presets() []string { return slices.Sorted(maps.Keys(presets)) }
