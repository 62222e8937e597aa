package config

import (
	"os"
	"strings"
	"testing"
)

const hashed = `
admin: {token: "${WINNOW_INSIDER_TOKEN}"}
contacts: {key: text}
sources:
  - {name: a, preset: insider, tokens: [first-token-for-tests-1], contact: uniqueArgs.contact_id, outcomes: [{event: x, code: 7, outcome: dropped}, {event: y, outcome: sent}]}
  - {name: b, preset: insider, tokens: [second-token-for-tests]}
hygiene:
  sweep: "@every 30s"
  breaker: {outcome: hard_bounce, share: 20%, window: 1h, min: 500}
  rules:
    - {name: hard, when: {outcome: [hard_bounce, invalid_number]}, then: {suppress: {reason: hard_bounce}}}
    - {name: soft, when: {outcome: soft_bounce, count: 4, within: 14d, codes: [1, 2]}, then: {suppress: {reason: soft_bounce, for: 30d}, tag: t}}
    - {name: retry, when: {outcome: soft_bounce}, where: {attribute: age, at_least: 18}, then: {retry: {after: [4h, 24h]}}}
segments:
  - {name: here, where: {all: [{status: active}, {outcome: delivered, within: 90d}]}}
  - {name: there, where: {tag: t}, columns: [contact, tags]}
exports:
  - {name: nightly, schedule: "0 2 * * *", segments: [here, there], delta: [here], formats: [csv, json], to: [./exports], guard: {max_change: 30%}, keep: 30}
`

// edits replace text of hashed, or add to it.
func edited(t *testing.T, edit [2]string) *Config {
	t.Helper()
	if !strings.Contains(hashed, edit[0]) {
		t.Fatalf("there is no %q to replace", edit[0])
	}
	text := strings.Replace(hashed, edit[0], edit[1], 1)
	c, err := Parse("winnow.yaml", []byte(text), options)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return c
}

// Two daemons of one store agree on the policy, whatever differs between their hosts.
func TestWhatChangesNoVerdictAndNoFileKeepsTheHash(t *testing.T) {
	want := edited(t, [2]string{}).Hash
	for _, edit := range [][2]string{
		{"\nadmin:", "\n# a comment\nadmin:"},
		{"\n", "\r\n"},
		{`token: "${WINNOW_INSIDER_TOKEN}"`, `listen: ":9999", token: "another-token-of-admin"`},
		{"\nadmin:", "\nlisten: \":80\"\nstore: sqlite://other.db\ntimezone: Europe/Berlin\ntls: {cert: a, key: b}\nadmin:"},
		{"\nadmin:", "\nretention: {bodies: 1d, events: 2d, quarantine: 3d, unmatched: 4d}\nadmin:"},
		{"contacts: {key: text}", ""}, {"{key: text}", "{fold: false, nobody: []}"},
		{"tokens: [first-token-for-tests-1]", "tokens: [third-token-for-tests-3, fourth-token-for-tests]"},
		{"[first-token-for-tests-1]", `["${WINNOW_INSIDER_TOKEN:-}x"]`},
		{", contact: uniqueArgs.contact_id", ""},
		{"[{event: x, code: 7, outcome: dropped}, {event: y, outcome: sent}]", `[{outcome: sent, event: " Y "}, {event: X, code: "7", outcome: dropped}, {event: delivered, outcome: delivered}]`},
		{`sweep: "@every 30s"`, `sweep: "@every 5m"` + "\n  review: \"0 5 * * *\""},
		{"{outcome: hard_bounce, share: 20%, window: 1h, min: 500}", "[{min: 500, outcome: hard_bounce, share: 20.0%, window: 60m}]"},
		{"when: {outcome: [hard_bounce, invalid_number]}", "when: {outcome: [invalid_number, hard_bounce], count: 1}"},
		{"within: 14d, codes: [1, 2]", `codes: ["2", 1], within: 2w`},
		{"{after: [4h, 24h]}", "{lapse: 7d, after: [240m, 1d]}"},
		{"then: {retry", "then: {  retry"},
		{"where: {tag: t}, columns: [contact, tags]", "suppressed: exclude, columns: [contact, tags], where: {tag: t}"},
		{"within: 90d}]}}", "within: 90d}]}, columns: [contact, phone, status]}"},
		{"segments: [here, there]", "segments: [there, here]"},
		{"formats: [csv, json]", "formats: [json, csv], csv: {profile: crm}"},
		{`schedule: "0 2 * * *"`, `schedule: "0 3 * * *"`},
		{"to: [./exports], guard: {max_change: 30%}, keep: 30", "to: [./elsewhere], keep: 7"},
	} {
		if got := edited(t, edit).Hash; got != want {
			t.Errorf("%q instead of %q changes the hash", edit[1], edit[0])
		}
	}
	sources := strings.Split(hashed, "\n")
	sources[4], sources[5] = sources[5], sources[4]
	c, err := Parse("winnow.yaml", []byte(strings.Join(sources, "\n")), options)
	if err != nil || c.Hash != want {
		t.Errorf("another order of sources: %v", err)
	}
}

func TestWhatCanChangeAVerdictOrAFileChangesTheHash(t *testing.T) {
	seen := map[string]string{edited(t, [2]string{}).Hash: "the file itself"}
	for _, edit := range [][2]string{
		{"{key: text}", "{key: phone}"}, {"{key: text}", "{fold: true}"}, {"{key: text}", "{nobody: [unknown]}"}, {"{key: text}", "{number_reasons: [hard_bounce]}"}, {"name: a,", "name: a, to: international,"}, {"{key: text}", "{key: phone, region: TR}"},
		{"name: a,", "name: c,"}, {"contact: uniqueArgs.contact_id", "contact: uniqueArgs.id"},
		{"outcome: dropped}", "outcome: sender_fault}"}, {"{event: x, code: 7,", "{event: x,"}, {"{event: y,", "{event: z,"},
		{"share: 20%", "share: 21%"}, {"min: 500", "min: 501"}, {"window: 1h", "window: 2h"},
		{"name: hard,", "name: harder,"}, {"[hard_bounce, invalid_number]", "hard_bounce"}, {"count: 4", "count: 5"}, {"within: 14d", "within: 15d"},
		{"codes: [1, 2]", "codes: [1]"}, {", tag: t}", ", tag: u, untag: t}"}, {"for: 30d", "for: 31d"}, {"reason: hard_bounce", "reason: dead"},
		{"after: [4h, 24h]", "after: [24h, 4h]"}, {"after: [4h, 24h]", "lapse: 8d, after: [4h, 24h]"}, {"at_least: 18", "at_least: 19"}, {"at_least: 18", `is: "18"`}, {"at_least: 18", `is: 18`},
		{"name: here, where", "name: here, suppressed: include, where"}, {"within: 90d", "within: 91d"}, {"{status: active}", "{status: cooling}"},
		{"columns: [contact, tags]", "columns: [tags, contact]"}, {"columns: [contact, tags]", "columns: [contact, {tags: Labels}]"},
		{"segments: [here, there]", "segments: [here]"}, {"delta: [here]", "delta: [there]"}, {"formats: [csv, json]", "formats: [csv]"}, {"keep: 30", "csv: {delimiter: tab}"}, {"name: nightly", "name: daily"},
		{"keep: 30", "times: date"}, {"keep: 30", "zone: local"},
	} {
		text := edit[0] + " → " + edit[1]
		if edit[0] == ", tag: t}" {
			edit = [2]string{", tag: t}", ", tag: t, untag: t}"}
		}
		got := edited(t, edit).Hash
		if other, taken := seen[got]; taken {
			t.Errorf("%s has the hash of %s", text, other)
		}
		seen[got] = text
	}
	local := strings.Replace(hashed, "keep: 30", "zone: local", 1) + "timezone: Europe/Berlin\n"
	if c, err := Parse("winnow.yaml", []byte(local), options); err != nil || seen[c.Hash] != "" {
		t.Errorf("the zone of local times: %v, %s", err, seen[c.Hash])
	}
	lines := strings.Split(hashed, "\n")
	lines[10], lines[11] = lines[11], lines[10]
	c, err := Parse("winnow.yaml", []byte(strings.Join(lines, "\n")), options)
	if err != nil || seen[c.Hash] != "" {
		t.Errorf("another order of rules: %v, %s", err, seen[c.Hash])
	}
}

// A hash is kept in ledgers and manifests: a version must not change it without a need.
func TestTheHashOfAConfigStays(t *testing.T) {
	if got := edited(t, [2]string{}).Hash; got != "6af7c87b075c" {
		t.Errorf("the hash is %s", got)
	}
}

// What is kept with a policy has none of the secrets, and means the same.
func TestARedactedConfigReadsAsTheSameWithoutItsSecrets(t *testing.T) {
	everything, err := os.ReadFile("testdata/good/everything.yaml")
	if err != nil {
		t.Fatal(err)
	}
	const block = "hygiene: {sweep: '@every 1m'}\nsources:\n  - name: a\n    preset: insider\n    tokens:"
	const remote = "segments: [{name: here, where: {status: active}}]\nexports:\n  - name: nightly\n    schedule: '0 2 * * *'\n    segments: [here]\n    to:\n" +
		"      - url: sftp://winnow@drop.example.com/in\n        host_key: 'SHA256:RlqpWZaeEuY4LNeRfyLFXJZSq7bzWkWLtWE3mbPEOHk'\n        password: "
	for _, text := range []string{hashed, "\ufeff" + strings.ReplaceAll(hashed, "\n", "\r\n"), string(everything),
		block + "\n          - 'first-token-for-tests-1'\n          - \"second-\\x74oken-for-testing\" # old\n",
		block + " [first-token-for-tests-1,\n      \"second-\\\n       token-for-testing\"]\n    contact: uniqueArgs.crm\n",
		remote + "\"correct horse\n           battery\"\n        key_file: here\n", remote + "'correct ''horse\n\n           battery'\n",
		remote + "correct horse\n           battery\n        key_file: here\n", remote + "|\n          correct horse\n\n          battery\n        key_file: here\n",
		remote + ">-\n          correct horse\n            battery\n\n\n# the end\n",
		"admin: {token: first-token-for-tests-1}"} {
		c, err := Parse("winnow.yaml", []byte(text), Options{Env: environment, CheckSchedule: schedules})
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		redacted := string(c.Redacted())
		if strings.Contains(redacted, "for-test") || strings.Contains(redacted, "horse") || strings.Contains(redacted, "battery") {
			t.Errorf("secrets are left:\n%s", redacted)
		}
		same, err := Parse("winnow.yaml", []byte(redacted), Options{Env: environment, CheckSchedule: schedules})
		if err != nil || same.Hash != c.Hash {
			t.Errorf("read again: %v\n%s", err, redacted)
		}
		if _, err := Parse("winnow.yaml", []byte(redacted), options); err == nil && strings.Contains(redacted, "***") {
			t.Errorf("a daemon starts without its secrets:\n%s", redacted)
		}
	}
}
