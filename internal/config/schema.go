package config

import (
	"regexp"
	"slices"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/provider"
	"winnow/segments"
)

// The small shapes that many keys share.
var (
	anyText   = &shape{kind: text, says: "a text"}
	path      = &shape{kind: text, says: "a path"}
	secrecy   = &shape{kind: secret, says: "a token of at least 16 characters", pattern: regexp.MustCompile(`^[A-Za-z0-9._~-]{16,}$`)}
	noneOrOne = &shape{kind: secret, says: secrecy.says, pattern: secrecy.pattern, zero: true}
	name      = pattern("a name of small letters, digits, - and _ that begins with a letter or digit (63 characters at most)", `^[a-z0-9][a-z0-9_-]{0,62}$`)
	address   = &shape{kind: text, like: `:\+?[0-9]+$`, says: `an address like ":8080" or "127.0.0.1:8081"`}
	cron      = &shape{kind: text, like: `^\s*(@\S.*|\S+(\s+\S+){4}\s*)$`, says: `a schedule like "0 2 * * *" or "@every 30s"`}
	span      = &shape{kind: duration, says: "a duration like 7d"}
	spanOrNow = &shape{kind: duration, says: "a duration like 4h", zero: true}
	codes     = &shape{kind: code, says: "a code like 1404"}
	outcome   = words("an outcome like delivered", "outcome", hygiene.OutcomeNames())
	column    = &shape{kind: itemOrTable, item: columnName, table: renamed, says: columnName.says}
	value     = &shape{kind: scalar, says: "a text, a number, true or false"}
	yesOrNo   = &shape{kind: truth, says: "true or false"}
	share     = &shape{kind: percent, says: "a percentage like 30%", max: 1000, zero: true}
	shares    = &shape{kind: itemOrTable, item: share, says: "a percentage like 30%, or one for each segment",
		table: &shape{kind: table, item: share, says: "a percentage like 30%, or one for each segment"}}
)

// A column is a name, or a name with the header that files show for it.
var (
	columnName = &shape{kind: text, says: "a column like phone or attributes.country", words: segments.ColumnNames(), like: `^attributes\..`}
	header     = &shape{kind: text, says: `a header like "Phone Number"`}
	renamed    = &shape{kind: table, item: header, keys: columnName, min: 1, max: 1, says: `a column and its header, like {contact: "Phone Number"}`}
)

// file is the whole config: every key that there is, with what it means.
var file = keysOf(1,
	standing("listen", `":8080"`, address, "Where providers' callbacks are taken in: host:port, or :port for every address of the machine."),
	standing("admin", "{}", admin, "The private door: console, metrics and API."),
	optional("tls", tls, "Answer callbacks with TLS; leave it out when a proxy does."),
	standing("store", "sqlite://winnow.db", &shape{kind: text, like: "^sqlite://[^?#%]*[^/?#%]$", says: "a store like sqlite://winnow.db"}, "Where everything is kept: sqlite:// and a path, relative to this file; the log of events lies beside it."),
	standing("timezone", "UTC", &shape{kind: text, says: "a time zone like Europe/Istanbul"}, "The time zone of schedules, and of nothing else."),
	standing("contacts", "{}", contacts, "How contacts are told apart."),
	standing("sources", "[]", listOf(0, source, "a list of sources"), "The provider accounts that call back."),
	standing("hygiene", "{}", rulebook, "What is done about what happened: rules, and when they are applied."),
	plain(standing("segments", "[]", listOf(0, segment, "a list of segments"), "Who belongs together: conditions over contacts, or static lists.")),
	standing("exports", "[]", listOf(0, export, "a list of exports"), "Which segments are written where, and when."),
)

var admin = keysOf(0,
	standing("listen", `"127.0.0.1:8081"`, address, "Address of the private door; any but a loopback address demands a token."),
	optional("token", noneOrOne, "The bearer token of the private door; empty for none."),
	optional("token_file", path, "A file that holds the token, relative to this file."),
).orElse("token", "token_file")

var tls = keysOf(1,
	required("cert", path, "File of the certificate chain in PEM, relative to this file; read again when it changes."),
	required("key", path, "File of the private key in PEM, relative to this file; read again when it changes."),
)

var contacts = keysOf(0,
	standing("key", "text", words("text or phone", "kind of key", []string{"text", "phone"}), "What a contact's key is: a text of the CRM's choice, or a phone number."),
	optional("region", pattern("a country of two capital letters, like TR", `^[A-Z]{2}$`), "The country of phone numbers that are written without a country code."),
)

var source = keysOf(1,
	required("name", name, "Name of the account, as events and metrics bear it."),
	required("preset", words("a preset like insider", "preset", provider.Presets()), "The provider, which says how its callbacks are read and what its codes mean."),
	optional("tokens", listOf(1, secrecy, "a list of tokens"), "The secrets at the end of the callback URL; several while one is being replaced."),
	optional("tokens_file", path, "A file with more of them, one a line, relative to this file."),
	standing("contact", "uniqueArgs.contact_id", pattern("a dotted path like uniqueArgs.contact_id", `^[^.\s]+(\.[^.\s]+)*$`), "Where in a callback the contact's key is, as a dotted path."),
	standing("outcomes", "[]", listOf(0, line, "a list like {event: undelivered, code: 1499, outcome: soft_bounce}"), "Lines that add to the provider's table of outcomes, or override it."),
).needs("tokens", "tokens_file")

var line = keysOf(1,
	required("event", &shape{kind: text, says: "the provider's word for an event", max: provider.MaxText}, "The provider's word for what happened; upper and lower case are the same."),
	optional("code", codes, "The provider's code; left out, the line is for all codes that have no line of their own."),
	required("outcome", outcome, "What it means."),
)

var rulebook = keysOf(0,
	standing("sweep", `"@every 30s"`, cron, "When new events are read and the rules applied to the contacts they touch."),
	standing("review", `"30 1 * * *"`, cron, "When the rules that depend on time alone are applied to everyone."),
	optional("breaker", several(breaker), "When a surge of one outcome is doubted: what rules make of it waits for someone to look."),
	plain(standing("rules", "[]", listOf(0, rule, "a list of rules"), "The rules; all are tried, in this order, and all that match act.")),
)

// The window is kept to the second in memory, for every source.
var breaker = &shape{kind: mapping, min: 1, says: "a breaker like {outcome: hard_bounce, share: 20%, window: 1h, min: 500}", fields: []field{
	required("outcome", outcome, "The outcome that is doubted when there is much of it."),
	required("share", &shape{kind: percent, says: "a percentage like 20%", max: 100}, "From which share of a source's events in the window on."),
	required("window", &shape{kind: duration, says: "a duration from 1m to 24h", shortest: time.Minute, longest: hygiene.Day,
		because: "the window is kept to the second: a shorter one shows too little, a longer one takes too much memory"}, "How far back from an event its source's events are counted, by when they were received."),
	required("min", &shape{kind: whole, says: "a whole number", min: 1}, "How many events the window must hold at least; fewer prove nothing."),
}}

var rule = keysOf(1,
	required("name", name, "Name of the rule, as the ledger and explanations show it."),
	optional("when", when, "Tried on each new event of these outcomes."),
	optional("where", ruleCondition, "What must be true of the contact; alone, it is asked by the review."),
	required("then", then, "What is done."),
).needs("when", "where")

// counting is what is counted, in rules and conditions alike.
var counting = []field{
	required("outcome", several(outcome), "The outcomes that are counted."),
	standing("count", "1", &shape{kind: whole, says: "a whole number", min: 1, max: hygiene.Kept, because: "a history keeps the last 16 of each outcome"}, "How many there must be."),
	optional("within", span, "Only those of the last so long; one at exactly that distance counts."),
	optional("since", several(outcome), "Only those after the last of these outcomes."),
	optional("codes", listOf(1, codes, "a list of codes"), "Only those with one of these codes."),
	optional("source", name, "Only those of this source."),
}

var when = keysOf(1, append(counting[:len(counting):len(counting)],
	optional("apart", span, "Those nearer than this to one already counted are not counted."))...)

var then = keysOf(1,
	optional("suppress", keysOf(1,
		required("reason", name, "Why the contact is not to be texted."),
		optional("for", span, "For how long; left out, for good."),
	), "Opens a suppression, or renews it."),
	optional("release", keysOf(1,
		required("reasons", listOf(1, name, "a list of reasons"), "The reasons that no longer stand; opted_out only when it is named."),
	), "Lifts what rules suppressed for these reasons."),
	optional("retry", keysOf(1,
		required("after", &shape{kind: list, item: spanOrNow, min: 1, max: hygiene.Kept, because: "a history keeps the last 16 of each outcome", says: "a list like [4h, 24h, 72h]"}, "How long to wait after the 1st, 2nd … bounce since the last delivery; then no more."),
		standing("lapse", "7d", span, "How long a due retry waits before it is over."),
	), "Sets the date after which the contact may be tried again."),
	optional("tag", name, "Puts this word on the contact."),
	optional("untag", name, "Takes this word off the contact."),
)

var segment = keysOf(1,
	required("name", name, "Name of the segment, and of its files."),
	optional("where", segmentCondition, "Who is in it."),
	optional("list", name, "A static list instead, filled by winnow list add."),
	standing("suppressed", "exclude", words("exclude, include or only", "choice", []string{"exclude", "include", "only"}), "What becomes of suppressed contacts; they are left out unless it is said here."),
	optional("columns", listOf(1, column, "a list of columns"), "What its files show: names, or names with the header that files show for them, like {contact: Phone Number}; left out: contact, phone, status."),
).needs("where", "list", "suppressed").orElse("where", "list")

var export = keysOf(1,
	required("name", name, "Name of the export, and of its folder."),
	required("schedule", cron, "When it runs, in the time zone of this file."),
	required("segments", listOf(1, name, "a list of segments"), "The segments it writes."),
	standing("formats", "[csv]", listOf(1, format, "a list of formats"), "In which formats: csv, json (one array), ndjson (an object a line); with .gz, like csv.gz, compressed."),
	standing("delta", "[]", listOf(0, name, "a list of segments"), "The segments that also get a file of who entered and who left since the last published run."),
	required("to", listOf(1, target, "a list of directories and SFTP servers"), "Where runs go: directories, relative to this file, and folders on SFTP servers."),
	standing("guard", "{}", guard, "When a run is held back for a look instead of being published."),
	standing("keep", "30", &shape{kind: whole, says: "a whole number", min: 1}, "How many runs are kept."),
	standing("csv", "{}", keysOf(0,
		standing("profile", "crm", words("crm or spreadsheet", "profile", []string{"crm", "spreadsheet"}), "For a CRM, everything as it is; for a spreadsheet, a BOM, and cells that it would run as formulas defused."),
		standing("delimiter", "comma", delimiter, "What stands between two cells: comma, semicolon, tab or pipe, or the character itself."),
		standing("lists", "pipe", joint, "What stands between the names in one cell, as of tags: pipe, semicolon or comma, or the character itself."),
	), "How CSV files are written."),
)

// A target is a directory, or a destination with a URL.
var (
	target = &shape{kind: itemOrTable, item: path, table: server, says: "a directory, or a server like {url: sftp://user@host/folder, …}"}
	hidden = &shape{kind: secret, says: "a secret"}
)

var (
	format    = words("csv, json or ndjson, or one of them with .gz", "format", formatWords())
	delimiter = &shape{kind: choice, says: "comma, semicolon, tab or pipe", noun: "delimiter",
		words: []string{"comma", "semicolon", "tab", "pipe"}, also: []string{",", ";", "\t", `\t`, "|"}}
	joint = &shape{kind: choice, says: "pipe, semicolon or comma", noun: "separator",
		words: []string{"pipe", "semicolon", "comma"}, also: []string{"|", ";", ","}}
)

func formatWords() []string {
	var list []string
	for _, f := range segments.Formats() {
		list = append(list, string(f))
	}
	return list
}

var guard = keysOf(0,
	optional("max_change", shares, "By how much a segment's size may differ from the last published run's, in percent of it."),
	optional("min_rows", &shape{kind: table, item: &shape{kind: whole, says: "a whole number", min: 1}, min: 1, says: "a number for each segment"}, "How many rows a segment must have at least."),
)

// The tests that conditions of segments know, and those that rules may ask.
var (
	allTests  = []string{"all", "any", "not", "outcome", "status", "reason", "tag", "list", "segment", "attribute", "contact", "first_seen", "last_seen"}
	ruleTests = []string{"all", "any", "not", "outcome", "attribute", "contact", "first_seen", "last_seen"}
)

// The conditions of segments, and of rules.
var (
	segmentCondition = conditionOf(allTests)
	ruleCondition    = conditionOf(ruleTests)
)

// companions are the keys that stand beside a test and are none themselves.
var companions = append(keysOf(0, counting...).names()[1:], keysOf(0, operators...).names()...)

// conditionOf is a condition made of the tests with these names.
func conditionOf(tests []string) *shape {
	c := &shape{kind: condition, says: "a condition like {status: active}"}
	known := map[string]*shape{
		"all":        keysOf(1, required("all", listOf(1, c, "a list of conditions"), "True when each of these is.")),
		"any":        keysOf(1, required("any", listOf(1, c, "a list of conditions"), "True when at least one of these is.")),
		"not":        keysOf(1, required("not", c, "True when this is not.")),
		"outcome":    keysOf(1, counting...),
		"status":     keysOf(1, required("status", several(words("a status like active", "status", hygiene.StatusNames())), "True of contacts with this status.")),
		"reason":     keysOf(1, required("reason", several(name), "True of contacts that are suppressed for this reason.")),
		"tag":        keysOf(1, required("tag", name, "True of contacts that a rule gave this tag.")),
		"list":       keysOf(1, required("list", name, "True of contacts on this static list.")),
		"segment":    keysOf(1, required("segment", name, "True of contacts in this other segment.")),
		"attribute":  comparing(required("attribute", anyText, "Compares this attribute of the contact.")),
		"contact":    keysOf(1, required("contact", comparing(), "Compares the contact's key.")),
		"first_seen": keysOf(1, required("first_seen", seen, "Asks how long ago the contact's earliest event was.")),
		"last_seen":  keysOf(1, required("last_seen", seen, "Asks how long ago the contact's latest event was.")),
	}
	for _, t := range tests {
		c.tests = append(c.tests, known[t])
	}
	return c
}

// operators are the ways to compare an attribute or a key; one is used at a time.
var operators = []field{
	optional(string(hygiene.Is), value, "Equal to this."),
	optional(string(hygiene.In), listOf(1, value, "a list of values"), "Equal to one of these."),
	optional(string(hygiene.Contains), value, "With this text somewhere in it."),
	optional(string(hygiene.StartsWith), value, "Beginning with this text."),
	optional(string(hygiene.AtLeast), value, "This number or date, or more."),
	optional(string(hygiene.AtMost), value, "This number or date, or less."),
	optional(string(hygiene.Before), value, "Before this date."),
	optional(string(hygiene.After), value, "After this date."),
	optional(string(hygiene.Exists), yesOrNo, "true: with any value; false: absent."),
}

// comparing is these keys and one operator.
func comparing(keys ...field) *shape {
	return keysOf(len(keys)+1, slices.Concat(keys, operators)...).atMost(len(keys) + 1)
}

var seen = keysOf(1,
	optional("older_than", span, "Longer ago than this."),
	optional("within", span, "Not longer ago than this."),
).atMost(1)
