package kit

import "encoding/json"

// panel is one panel of the dashboard.
type panel struct {
	Title string
	Unit  string // of Grafana: short, s, percentunit, bytes, ops
	Kind  string // timeseries or stat
	Width int    // of 24
	Exprs []query
}

// query is what a panel shows, with the name of each series.
type query struct{ Expr, Legend string }

// panels are the dashboard, from the left to the right and from the top down.
var panels = []panel{
	{"May be texted", "short", "stat", 4, []query{{`sum(winnow_contacts{status=~"active|retry"})`, ""}}},
	{"Not to be texted", "short", "stat", 4, []query{{`sum(winnow_contacts{status="suppressed"})`, ""}}},
	{"Age of the CRM's list", "s", "stat", 4, []query{{`winnow_export_age_seconds`, "{{export}}"}}},
	{"Held runs", "short", "stat", 4, []query{{`sum(winnow_runs_held)`, ""}}},
	{"Surges that wait", "short", "stat", 4, []query{{`sum(winnow_breaker_waiting) or vector(0)`, ""}}},
	{"Events that wait for a sweep", "short", "stat", 4, []query{{`winnow_sweep_lag_events`, ""}}},
	{"Deliverability, by the hour", "percentunit", "timeseries", 12, []query{{`sum(increase(winnow_events_total{outcome="delivered"}[1h])) / sum(increase(winnow_events_total{outcome=~"delivered|hard_bounce|soft_bounce|carrier_violation|unknown_delivery|invalid_number|dropped|blocked|deactivated"}[1h]))`, "delivered"}}},
	{"Events by outcome", "ops", "timeseries", 12, []query{{`sum by (outcome) (rate(winnow_events_total[5m]))`, "{{outcome}}"}}},
	{"Callbacks by answer", "ops", "timeseries", 12, []query{{`sum by (answer) (rate(winnow_callbacks_total[5m]))`, "{{answer}}"}}},
	{"Time to answer a callback", "s", "timeseries", 12, []query{
		{`histogram_quantile(0.99, sum by (le) (rate(winnow_callback_duration_seconds_bucket[5m])))`, "99 %"},
		{`histogram_quantile(0.5, sum by (le) (rate(winnow_callback_duration_seconds_bucket[5m])))`, "half"}}},
	{"Contacts by status", "short", "timeseries", 12, []query{{`winnow_contacts`, "{{status}}"}}},
	{"Rows of the last run", "short", "timeseries", 12, []query{{`winnow_run_rows`, "{{export}}"}}},
	{"Quarantine and unmatched", "short", "timeseries", 8, []query{{`winnow_quarantine_bodies`, "quarantine"}, {`sum(increase(winnow_unverified_total[5m]))`, "not verified"}, {`winnow_unmatched_events`, "unmatched"}}},
	{"Silent messages", "short", "timeseries", 8, []query{{`winnow_silent_messages`, "{{source}}"}}},
	{"Quiet sources", "s", "timeseries", 8, []query{{`winnow_source_quiet_seconds`, "{{source}}"}}},
	{"Store on disk", "bytes", "timeseries", 8, []query{{`winnow_store_bytes`, "{{file}}"}}},
	{"Duration of jobs, 99 %", "s", "timeseries", 8, []query{{`histogram_quantile(0.99, sum by (le, kind) (rate(winnow_job_duration_seconds_bucket[1h])))`, "{{kind}}"}}},
	{"Connections", "short", "timeseries", 8, []query{{`winnow_connections`, "{{server}}"}, {`winnow_connections_max`, "{{server}}, at most"}}},
}

// heightOf a panel, in Grafana's units.
var heightOf = map[string]int{"stat": 4, "timeseries": 8}

func grafana(*Setup) ([]File, error) {
	var list []any
	x, y, row := 0, 0, 0
	source := map[string]string{"type": "prometheus", "uid": "${source}"}
	for i, p := range panels {
		height := heightOf[p.Kind]
		if x+p.Width > 24 {
			x, y = 0, y+row
		}
		var targets []any
		for j, q := range p.Exprs {
			targets = append(targets, map[string]any{"refId": string(rune('A' + j)), "expr": q.Expr, "legendFormat": q.Legend, "datasource": source})
		}
		list = append(list, map[string]any{
			"id": i + 1, "title": p.Title, "type": p.Kind, "datasource": source, "targets": targets,
			"gridPos":     map[string]int{"x": x, "y": y, "w": p.Width, "h": height},
			"fieldConfig": map[string]any{"defaults": map[string]any{"unit": p.Unit, "min": 0}, "overrides": []any{}},
		})
		x, row = x+p.Width, height
	}
	text, err := json.MarshalIndent(map[string]any{
		"title": "winnow", "uid": "winnow", "schemaVersion": 39, "refresh": "30s", "tags": []string{"winnow"}, "timezone": "browser",
		"time":       map[string]string{"from": "now-24h", "to": "now"},
		"templating": map[string]any{"list": []any{map[string]any{"name": "source", "type": "datasource", "query": "prometheus", "label": "Prometheus"}}},
		"panels":     list,
	}, "", "  ")
	return []File{{"winnow.dashboard.json", string(text) + "\n"}}, err
}
