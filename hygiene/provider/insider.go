package provider

import "winnow/hygiene"

// insider is Insider's transactional SMS. Its bodies have no time, no phone number,
// no event id and no signature. 1409 comes with the message "Soft Bounce", so the
// code alone decides.
var insider = preset{
	parser: jsonReports{id: "id", event: "event", code: "reason.code"}.parser,
	sender: "uniqueArgs",
	outcomes: []Line{
		{"scheduled", "", hygiene.Scheduled},
		{"sent", "", hygiene.Sent},
		{"delivered", "", hygiene.Delivered},
		{"undelivered", "1400", hygiene.HardBounce},
		{"undelivered", "1404", hygiene.SoftBounce},
		{"undelivered", "1408", hygiene.CarrierViolation},
		{"undelivered", "1409", hygiene.UnknownDelivery},
		{"failed", "1500", hygiene.InvalidNumber},
		{"open", "", hygiene.Opened},
		{"opened", "", hygiene.Opened},
		{"click", "", hygiene.Clicked},
		{"clicked", "", hygiene.Clicked},
		{"unsubscribe", "", hygiene.Unsubscribed},
		{"unsubscribed", "", hygiene.Unsubscribed},
	},
}
