package kit

import (
	"fmt"
	"slices"
	"strings"
)

// alert is one rule of Prometheus, and what its test feeds it.
type alert struct {
	Name     string
	Expr     string
	For      string // how long Expr must hold; empty for not at all
	Severity string // page: somebody should look now; ticket: today
	Summary  string // what it means; may use the labels of the series
	Do       string // what to do

	// Fires and Quiet are series in the notation of promtool's tests, a sample a minute: with
	// the first the alert fires after an hour, with the second it does not. Labels are those
	// of the alert that fires.
	Fires, Quiet []series
	Labels       map[string]string
	Age          string // the value of the first series as a duration, if Summary has it
}

// series is one series of a test.
type series struct{ Series, Values string }

// s is a series with the labels of the scraped daemon.
func s(name, values string, labels ...string) series {
	all := append([]string{`job="winnow"`, `instance="winnow"`}, labels...)
	return series{name + "{" + strings.Join(all, ", ") + "}", values}
}

const (
	page   = "page"
	ticket = "ticket"

	flat  = "0x90"         // stays 0 for 90 minutes
	ones  = "1x90"         // stays 1
	grows = "0+1x90"       // grows by 1 a minute
	now   = "0+60x90"      // is the time of the sample, in seconds
	old   = "-900000x90"   // is a time that lies more than ten days back
	many  = "1000+0x90"    // stays 1,000
	steep = "1000+1000x90" // grows by 1,000 a minute
)

// common are the rules for every setup.
var common = []alert{
	{Name: "WinnowDown", Expr: `up{job="winnow"} == 0`, For: "2m", Severity: page,
		Summary: "winnow does not answer", Do: "The provider sends no messages while callbacks fail, and gives up on them after an hour. Look at: journalctl -u winnow",
		Fires: []series{s("up", flat)}, Quiet: []series{s("up", ones)}},
	{Name: "WinnowCallbacksNotStored", Expr: `sum by (job, instance) (rate(winnow_callbacks_total{answer=~"unavailable|busy"}[5m])) > 0`, For: "1m", Severity: page,
		Summary: "callbacks can't be stored", Do: "The provider tries again for an hour. Free space on the disk, or repair it; winnow status says why.",
		Fires: []series{s("winnow_callbacks_total", grows, `answer="unavailable"`, `source="insider"`)}, Quiet: []series{s("winnow_callbacks_total", grows, `answer="stored"`, `source="insider"`)}},
	{Name: "WinnowStoreDown", Expr: `winnow_store_up == 0`, For: "1m", Severity: page,
		Summary: "the store can't be read", Do: "Run: winnow doctor",
		Fires: []series{s("winnow_store_up", flat)}, Quiet: []series{s("winnow_store_up", ones)}},
	{Name: "WinnowLogBlocked", Expr: `winnow_log_blocked_seconds > 10`, For: "1m", Severity: page,
		Summary: "another process keeps callbacks from being stored", Do: "winnow status names it; a suspended import is one",
		Fires: []series{s("winnow_log_blocked_seconds", many)}, Quiet: []series{s("winnow_log_blocked_seconds", flat)}},
	{Name: "WinnowSweepsStopped", Expr: `time() - winnow_sweep_last_success_timestamp_seconds > 600`, For: "10m", Severity: page,
		Summary: "the rules are not applied to new events", Do: "Look at the log, and at: winnow status",
		Fires: []series{s("winnow_sweep_last_success_timestamp_seconds", old)}, Quiet: []series{s("winnow_sweep_last_success_timestamp_seconds", now)}},
	{Name: "WinnowConfigRejected", Expr: `winnow_config_last_reload_successful == 0`, For: "5m", Severity: ticket,
		Summary: "the config file is bad, and older rules are in force", Do: "Run: winnow check",
		Fires: []series{s("winnow_config_last_reload_successful", flat)}, Quiet: []series{s("winnow_config_last_reload_successful", ones)}},
	{Name: "WinnowRunHeld", Expr: `winnow_runs_held > 0`, Severity: page,
		Summary: "a run of {{ $labels.export }} is held, so the CRM reads an older list", Do: "See who would come and go: winnow release {{ $labels.export }} --show; then release it, or make a new run",
		Fires: []series{s("winnow_runs_held", ones, `export="nightly"`)}, Quiet: []series{s("winnow_runs_held", flat, `export="nightly"`)}, Labels: map[string]string{"export": "nightly"}},
	{Name: "WinnowRunFailed", Expr: `increase(winnow_runs_total{status="failed"}[1h]) > 0`, Severity: ticket,
		Summary: "a run of {{ $labels.export }} failed", Do: "winnow status says why, and when it is tried again",
		Fires: []series{s("winnow_runs_total", grows, `export="nightly"`, `status="failed"`)}, Quiet: []series{s("winnow_runs_total", grows, `export="nightly"`, `status="published"`)}, Labels: map[string]string{"export": "nightly", "status": "failed"}},
	{Name: "WinnowJobFailing", Expr: `winnow_job_failures > 3`, Severity: ticket,
		Summary: "job {{ $labels.job }} goes on failing", Do: "winnow status says why",
		Fires: []series{{`winnow_job_failures{job="review", instance="winnow", kind="review"}`, many}}, Quiet: []series{{`winnow_job_failures{job="review", instance="winnow", kind="review"}`, flat}}, Labels: map[string]string{"job": "review", "kind": "review"}},
	{Name: "WinnowJobsWaiting", Expr: `winnow_jobs_waiting_seconds > 300`, For: "5m", Severity: ticket,
		Summary: "another process holds the lock of sweeps and runs", Do: "winnow status names it",
		Fires: []series{s("winnow_jobs_waiting_seconds", many)}, Quiet: []series{s("winnow_jobs_waiting_seconds", flat)}},
	{Name: "WinnowDeliveriesWaiting", Expr: `winnow_deliveries_waiting > 0`, For: "45m", Severity: ticket,
		Summary: "a server does not accept runs of {{ $labels.export }}", Do: "winnow status says why",
		Fires: []series{s("winnow_deliveries_waiting", ones, `export="nightly"`)}, Quiet: []series{s("winnow_deliveries_waiting", flat, `export="nightly"`)}, Labels: map[string]string{"export": "nightly"}},
	{Name: "WinnowDeliveriesLost", Expr: `winnow_deliveries_lost > 0`, Severity: ticket,
		Summary: "a server never received a run of {{ $labels.export }}, and no intact copy is left", Do: "Readers of deltas there must load the next full files",
		Fires: []series{s("winnow_deliveries_lost", ones, `export="nightly"`)}, Quiet: []series{s("winnow_deliveries_lost", flat, `export="nightly"`)}, Labels: map[string]string{"export": "nightly"}},
	{Name: "WinnowSurgeWaits", Expr: `winnow_breaker_waiting > 0`, Severity: page,
		Summary: "a surge of {{ $labels.outcome }} at {{ $labels.source }} waits for a verdict; its suppressions are held", Do: "Run: winnow breaker",
		Fires: []series{s("winnow_breaker_waiting", ones, `source="insider"`, `outcome="hard_bounce"`)}, Quiet: []series{s("winnow_breaker_waiting", flat, `source="insider"`, `outcome="hard_bounce"`)}, Labels: map[string]string{"source": "insider", "outcome": "hard_bounce"}},
	{Name: "WinnowRuleHeld", Expr: `winnow_rule_held > 0`, Severity: ticket,
		Summary: "rule {{ $labels.rule }} only proposes: too much of what it suppressed was delivered to later", Do: "Run: winnow breaker",
		Fires: []series{s("winnow_rule_held", ones, `rule="hard"`)}, Quiet: []series{s("winnow_rule_held", flat, `rule="hard"`)}, Labels: map[string]string{"rule": "hard"}},
	{Name: "WinnowSurgeGoesOn", Expr: `winnow_breaker_told > 0`, Severity: page,
		Summary: "a surge of {{ $labels.outcome }} at {{ $labels.source }} goes on; nothing is held", Do: "If it is not real, the callback URL may have leaked: replace the token",
		Fires: []series{s("winnow_breaker_told", ones, `source="insider"`, `outcome="unsubscribed"`)}, Quiet: []series{s("winnow_breaker_told", flat, `source="insider"`, `outcome="unsubscribed"`)}, Labels: map[string]string{"source": "insider", "outcome": "unsubscribed"}},
	{Name: "WinnowSourceQuiet", Expr: `winnow_source_quiet_seconds > 0`, For: "15m", Severity: ticket,
		Summary: "nothing came from {{ $labels.source }} for longer than in its last 14 days", Do: "Does the provider still call? Look at its own log of callbacks",
		Fires: []series{s("winnow_source_quiet_seconds", many, `source="insider"`)}, Quiet: []series{s("winnow_source_quiet_seconds", flat, `source="insider"`)}, Labels: map[string]string{"source": "insider"}},
	{Name: "WinnowQuarantine", Expr: `increase(winnow_quarantined_total[1h]) > 0`, Severity: ticket,
		Summary: "bodies of {{ $labels.source }} could not be read as events", Do: "Run: winnow quarantine",
		Fires: []series{s("winnow_quarantined_total", grows, `source="insider"`)}, Quiet: []series{s("winnow_quarantined_total", flat, `source="insider"`)}, Labels: map[string]string{"source": "insider"}},
	{Name: "WinnowUnverified", Expr: `sum by (job, instance, source) (increase(winnow_unverified_total[15m])) > 0`, Severity: ticket,
		Summary: "callbacks of {{ $labels.source }} are not verified, and not read", Do: "Run: winnow quarantine. A secret was replaced, public_url is wrong, or somebody has the callback URL.",
		Fires: []series{s("winnow_unverified_total", grows, `source="insider"`)}, Quiet: []series{s("winnow_unverified_total", flat, `source="insider"`)}, Labels: map[string]string{"source": "insider"}},
	{Name: "WinnowUnrecognized", Expr: `sum by (job, instance, source) (increase(winnow_events_total{outcome="unrecognized"}[1h])) > 0`, Severity: ticket,
		Summary: "{{ $labels.source }} sends a new type of event or a new code", Do: "Add it under outcomes in the config",
		Fires: []series{s("winnow_events_total", grows, `source="insider"`, `outcome="unrecognized"`)}, Quiet: []series{s("winnow_events_total", grows, `source="insider"`, `outcome="delivered"`)}, Labels: map[string]string{"source": "insider"}},
	{Name: "WinnowUnmatchedGrows", Expr: `delta(winnow_unmatched_events[1h]) > 100`, Severity: ticket,
		Summary: "events wait for their contact: the send log does not arrive, or contact is wrong in the config", Do: "Run: winnow unmatched",
		Fires: []series{s("winnow_unmatched_events", steep)}, Quiet: []series{s("winnow_unmatched_events", many)}},
	{Name: "WinnowContactConflicts", Expr: `increase(winnow_contact_conflicts_total[1h]) > 0`, Severity: ticket,
		Summary: "bodies of {{ $labels.source }} name other contacts than the send log", Do: "Run: winnow unmatched --conflicts",
		Fires: []series{s("winnow_contact_conflicts_total", grows, `source="insider"`)}, Quiet: []series{s("winnow_contact_conflicts_total", flat, `source="insider"`)}, Labels: map[string]string{"source": "insider"}},
	{Name: "WinnowContentStopped", Expr: `sum by (job, instance, source) (increase(winnow_events_total{outcome="carrier_violation"}[1h])) > 50`, Severity: ticket,
		Summary: "a carrier's spam filter stops a text sent through {{ $labels.source }}", Do: "Run: winnow report --by unique_args.campaign,outcome",
		Fires: []series{s("winnow_events_total", grows, `source="insider"`, `outcome="carrier_violation"`)}, Quiet: []series{s("winnow_events_total", flat, `source="insider"`, `outcome="carrier_violation"`)}, Labels: map[string]string{"source": "insider"}},
	{Name: "WinnowReceiverBehind", Expr: `winnow_receiver_lag_seconds > 120`, For: "5m", Severity: page,
		Summary: "what {{ $labels.receiver }} receives is not judged here", Do: "Opt-outs and bounces wait there; it deletes them after 7 days. winnow doctor says what is in the way.",
		Fires: []series{s("winnow_receiver_lag_seconds", many, `receiver="https://receiver-1:8081"`)}, Quiet: []series{s("winnow_receiver_lag_seconds", flat, `receiver="https://receiver-1:8081"`)},
		Labels: map[string]string{"receiver": "https://receiver-1:8081"}},
	{Name: "WinnowClockBehind", Expr: `winnow_clock_behind_seconds > 0`, For: "5m", Severity: ticket,
		Summary: "the clock is behind the log: it was ahead, or is wrong", Do: "Check the clock of the host",
		Fires: []series{s("winnow_clock_behind_seconds", many)}, Quiet: []series{s("winnow_clock_behind_seconds", flat)}},
	{Name: "WinnowConnectionsFull", Expr: `increase(winnow_connections_evicted_total{server="public"}[1h]) > 0`, Severity: ticket,
		Summary: "all connections of the public server are in use", Do: "Look who opens so many, or raise LimitNOFILE",
		Fires: []series{s("winnow_connections_evicted_total", grows, `server="public"`)}, Quiet: []series{s("winnow_connections_evicted_total", flat, `server="public"`)}, Labels: map[string]string{"server": "public"}},
	{Name: "WinnowStrangerCalls", Expr: `sum by (job, instance, source) (increase(winnow_callbacks_total{answer="wrong_address"}[1h])) > 0`, Severity: ticket,
		Summary: "callbacks of {{ $labels.source }} come from an address that is not the provider's", Do: "Somebody has the callback URL, or the provider has new addresses: the log names one",
		Fires: []series{s("winnow_callbacks_total", grows, `answer="wrong_address"`, `source="insider"`)}, Quiet: []series{s("winnow_callbacks_total", grows, `answer="stored"`, `source="insider"`)}, Labels: map[string]string{"source": "insider"}},
	{Name: "WinnowProxySpeaksHTTP2", Expr: `sum by (job, instance) (increase(winnow_callbacks_total{answer="other_protocol"}[1h])) > 0`, Severity: page,
		Summary: "a proxy talks HTTP/2, and its callbacks are refused", Do: "Set it to HTTP/1.1; the log names the setting",
		Fires: []series{s("winnow_callbacks_total", grows, `answer="other_protocol"`, `source=""`)}, Quiet: []series{s("winnow_callbacks_total", grows, `answer="stored"`, `source="insider"`)}},
	{Name: "WinnowTokenGuessed", Expr: `sum by (job, instance) (increase(winnow_admin_refused_total[10m])) > 20`, Severity: ticket,
		Summary: "somebody guesses the admin token, or a program has an old one", Do: "The log has the address",
		Fires: []series{s("winnow_admin_refused_total", "0+10x90", `route="/"`)}, Quiet: []series{s("winnow_admin_refused_total", flat, `route="/"`)}},
}

// alerts are the rules for a setup.
func alerts(setup *Setup) []alert {
	list := slices.Clone(common)
	for _, e := range setup.Exports {
		label := fmt.Sprintf("export=%q", e.Name)
		list = append(list, alert{Name: "WinnowListOutdated", Expr: fmt.Sprintf(`winnow_export_age_seconds{export=%q} > %d`, e.Name, e.Max), Severity: page,
			Summary: "the CRM reads an outdated list: {{ $labels.export }} is {{ $value | humanizeDuration }} old", Do: "winnow status says what keeps it from being published",
			Fires: []series{s("winnow_export_age_seconds", fmt.Sprintf("%dx90", e.Max+60), label)}, Age: humanized(e.Max + 60), Quiet: []series{s("winnow_export_age_seconds", flat, label)}, Labels: map[string]string{"export": e.Name}})
	}
	if setup.Backups {
		list = append(list, alert{Name: "WinnowBackupOutdated", Expr: `time() - winnow_backup_last_success_timestamp_seconds > 26 * 3600`, Severity: ticket,
			Summary: "the store was not backed up last night", Do: "winnow status says why; 0 is never",
			Fires: []series{s("winnow_backup_last_success_timestamp_seconds", old)}, Quiet: []series{s("winnow_backup_last_success_timestamp_seconds", now)}})
	}
	return list
}

// rulesData is what the templates of Prometheus get.
type rulesData struct {
	*Setup
	Alerts []alert
}

// Quiet are the series with which no alert fires, each once.
func (d rulesData) Quiet() (all []series) {
	for _, a := range d.Alerts {
		for _, s := range a.Quiet {
			if !slices.Contains(all, s) {
				all = append(all, s)
			}
		}
	}
	return all
}

func prometheus(setup *Setup) (files []File, err error) {
	data := rulesData{setup, alerts(setup)}
	for _, name := range []string{"winnow.rules.yml", "winnow.rules_test.yml", "prometheus.yml"} {
		text, err := fill(name, data)
		if err != nil {
			return nil, err
		}
		files = append(files, File{name, text})
	}
	return files, nil
}

// expectedSummary is the summary of the alert that its test expects.
func expectedSummary(a alert) string { return filledIn(a, a.Summary) }

// expectedDo is the description of it.
func expectedDo(a alert) string { return filledIn(a, a.Do) }

// filledIn is a text of an alert as Prometheus fills it in.
func filledIn(a alert, text string) string {
	for name, value := range a.Labels {
		text = strings.ReplaceAll(text, "{{ $labels."+name+" }}", value)
	}
	return strings.ReplaceAll(text, "{{ $value | humanizeDuration }}", a.Age)
}

// humanized is a number of seconds as Prometheus writes it.
func humanized(seconds int64) string {
	d, h, m, s := seconds/86400, seconds/3600%24, seconds/60%60, seconds%60
	switch {
	case d > 0:
		return fmt.Sprintf("%dd %dh %dm %ds", d, h, m, s)
	case h > 0:
		return fmt.Sprintf("%dh %dm %ds", h, m, s)
	}
	return fmt.Sprintf("%dm %ds", m, s)
}
