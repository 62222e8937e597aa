package provider

import "winnow/hygiene"

// insider reads as the preset does.
var insider = &Format{
	Name: "insider", Strict: true, Max: 1000, RefuseMore: true,
	Shapes: []Shape{{Each: "[]", ID: []string{"id"}, Event: "event", Code: []string{"reason.code"}, Args: "uniqueArgs"}},
	Outcomes: []Line{
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
