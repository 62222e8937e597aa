// Package demo plays a campaign against a real daemon on free ports: the provider's
// callbacks, sweeps, the send log, explanations and exports.
//
// The story is [demo.play], a step each. [Serve] plays two months instead, and goes on
// serving the console over them; its story is history.go. The bodies in callbacks/ are
// those that the provider's documentation prints.
package demo

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"winnow/hygiene"
	"winnow/internal/config"
	"winnow/internal/console"
	"winnow/internal/daemon"
	"winnow/internal/explain"
	"winnow/internal/status"
	"winnow/internal/ui"
)

//go:embed callbacks/*.json
var callbacks embed.FS

// Options say how to run the demo.
type Options struct {
	Out     io.Writer
	Version string
	Config  []byte // the example config, which reads its token from tokenVariable
	Now     func() time.Time
	Keep    bool // keep the folder of the demo, and print its name on the last line
}

// Run plays the demo in a new temporary folder.
func Run(parent context.Context, o Options) (err error) {
	folder, err := os.MkdirTemp("", "winnow-demo-")
	if err != nil {
		return err
	}
	if !o.Keep {
		defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	}
	if err := os.WriteFile(filepath.Join(folder, configFile), o.Config, 0o600); err != nil {
		return err
	}
	d, err := newDemo(o, folder)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(parent)
	served := make(chan error, 1)
	go func() { served <- d.daemon.Serve(ctx) }()
	err = d.play(ctx)
	stop()
	err = errors.Join(err, <-served)
	if o.Keep {
		fmt.Fprintf(o.Out, "\n%s\n", folder)
	}
	return err
}

// demo is a daemon with its folder, and what a provider needs to call it.
type demo struct {
	Options
	daemon       *daemon.Daemon
	folder       string
	callbacksURL string
	apiURL       string
	adminToken   string // the daemon made it
}

// The provider's token, and the variable by which the example config reads it.
const (
	demoToken     = "demo-9c99bc26-373e-4847"
	tokenVariable = "WINNOW_INSIDER_TOKEN"
)

// demoEnv is the environment of the demo's daemon.
func demoEnv(name string) (string, bool) {
	if name == tokenVariable {
		return demoToken, true
	}
	return "", false
}

// configFile is the name of the config in the folder.
const configFile = "winnow.yaml"

// newDemo makes a daemon with the config of the folder on free ports. The demo sweeps itself.
func newDemo(o Options, folder string) (*demo, error) {
	path := filepath.Join(folder, configFile)
	d, err := daemon.New(daemon.Options{Config: path, Version: o.Version, Logger: func(*config.Config) *slog.Logger { return slog.New(slog.DiscardHandler) },
		Env: demoEnv,
		Adjust: func(cfg *config.Config) {
			cfg.Listen, cfg.Admin.Listen = "127.0.0.1:0", "127.0.0.1:0"
			cfg.Sweep = "@every 1h"
		}})
	if err != nil {
		return nil, err
	}
	token, _, err := console.MakeToken(filepath.Join(folder, console.TokenFile))
	if err != nil {
		return nil, err
	}
	return &demo{Options: o, daemon: d, folder: folder, adminToken: token,
		callbacksURL: "http://" + d.CallbacksAddr().String() + "/callbacks/" + demoToken, apiURL: "http://" + d.AdminAddr().String() + "/api/v1"}, nil
}

// play plays the story, one step after the other.
func (d *demo) play(ctx context.Context) error {
	d.printf("winnow %s listens at %s, with the rules of config.example.yaml\n", d.Version, d.daemon.CallbacksAddr())
	for _, step := range []func(context.Context) error{d.receiveCallbacks, d.sweep, d.registerMessages, d.explain, d.export, d.exportLater} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) printf(format string, args ...any) { fmt.Fprintf(d.Out, format, args...) }

// receiveCallbacks sends a campaign's callbacks, with what real providers do: repeats,
// messages without a contact, an unreadable body.
func (d *demo) receiveCallbacks(ctx context.Context) error {
	d.printf("\n1. The provider calls back\n")
	var rows [][]string
	send := func(what string, body []byte) error {
		answer, err := d.post(ctx, d.callbacksURL, body)
		rows = append(rows, []string{"   " + what, answer})
		return err
	}
	err := errors.Join(
		send("500 messages sent", d.batch("sent", 0, 500)),
		send("440 delivered", d.batch("delivered", 0, 440)),
		send("20 hard bounces (1400)", d.batch("hard_bounce", 440, 460)),
		send("25 soft bounces (1404)", d.batch("soft_bounce", 460, 485)),
		send("5 invalid numbers (1500)", d.batch("invalid_number", 485, 490)),
		send("6 carrier violations (1408), caused by the content", d.batch("carrier_violation", 490, 496)),
		send("4 unknown deliveries (1409), whose message says Soft Bounce", d.batch("unknown_delivery", 496, 500)),
		send("the same 25 soft bounces again: repeats", d.batch("soft_bounce", 460, 485)),
		send("an unreadable body", []byte(`{"probe": true}`)),
	)
	names, _ := callbacks.ReadDir("callbacks")
	for _, name := range names {
		body, _ := callbacks.ReadFile("callbacks/" + name.Name())
		_, postErr := d.post(ctx, d.callbacksURL, body)
		err = errors.Join(err, postErr)
	}
	rows = append(rows, []string{fmt.Sprintf("   the %d examples of its documentation: a message each, no contact", len(names)), "200 each"})
	ui.Table(d.Out, rows)
	return err
}

// batch makes an array of callbacks from the provider's example of that name, for the
// messages numbered from (inclusive) to to (exclusive).
func (d *demo) batch(name string, from, to int) []byte {
	body, err := callbacks.ReadFile("callbacks/" + name + ".json")
	if err != nil {
		panic(err) // it is embedded
	}
	var list []map[string]any
	for i := from; i < to; i++ {
		var one map[string]any
		if err := json.Unmarshal(body, &one); err != nil {
			panic(err) // it is embedded
		}
		one["id"] = fmt.Sprintf("sms-%08x-5ade", i*2654435761%(1<<32))
		one["uniqueArgs"] = map[string]string{"contact_id": fmt.Sprintf("crm-%04d", i), "campaign": "spring-sale"}
		list = append(list, one)
	}
	text, err := json.Marshal(list)
	if err != nil {
		panic(err) // it was read as JSON
	}
	return text
}

// post posts a body and returns the answer. An answer other than 200 is an error.
func (d *demo) post(ctx context.Context, url string, body []byte) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/json")
	if strings.HasPrefix(url, d.apiURL) {
		request.Header.Set("Authorization", "Bearer "+d.adminToken)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("the daemon answered %s: %s", answer.Status, text)
	}
	return fmt.Sprintf("%d %s", answer.StatusCode, bytes.TrimSpace(text)), err
}

// sweep applies the rules, and counts contacts by status.
func (d *demo) sweep(ctx context.Context) error {
	d.printf("\n2. A sweep applies the rules\n")
	if err := d.sweepNow(ctx); err != nil {
		return err
	}
	st, err := status.Collect(d.daemon.Operations().Config, d.daemon.Operations().Store, hygiene.InstantOf(time.Now()))
	if err != nil {
		return err
	}
	for _, name := range hygiene.StatusNames() {
		d.printf("   %4s %s\n", ui.Number(st.Statuses[name]), name)
	}
	return nil
}

func (d *demo) sweepNow(ctx context.Context) error {
	swept, err := d.daemon.Operations().Sweep(ctx, hygiene.InstantOf(d.Now()))
	if err == nil {
		d.printf("   swept %s: %s, %s unmatched, %s in the ledger\n", ui.Count(swept.Events, "event"), ui.Count(swept.Repeats, "repeat"),
			ui.Number(swept.Unmatched), ui.Count(swept.Changes, "change"))
	}
	return err
}

// registerMessages sends two lines of the send log, which name the contacts of the
// documentation's messages.
func (d *demo) registerMessages(ctx context.Context) error {
	d.printf("\n3. The send log names the contacts of those messages\n")
	answer, err := d.post(ctx, d.apiURL+"/messages", []byte(
		`{"message_id": "sms-66944540-5ade", "contact": "crm-page"}`+"\n"+
			`{"message": "Accepted", "messageId": "sms-a1234567-b123-c123-d123-e123f123456", "contact": "crm-sample"}`+"\n"))
	if err != nil {
		return err
	}
	d.printf("   POST /api/v1/messages  %s\n", answer)
	return d.sweepNow(ctx)
}

// explain explains a contact that bounced hard and one that bounced softly.
func (d *demo) explain(context.Context) error {
	d.printf("\n4. Why? winnow explain\n")
	cfg := d.daemon.Operations().Config
	for _, key := range []string{"crm-0441", "crm-0470"} {
		e, ok, err := explain.Contact(cfg, d.daemon.Operations().Store, key, hygiene.InstantOf(d.Now()))
		if err != nil || !ok {
			return errors.Join(err, fmt.Errorf("contact %s is missing", key))
		}
		var b strings.Builder
		e.History, e.Timeline = nil, nil
		e.PrintSummary(&b, cfg)
		d.printf("   %s\n", strings.ReplaceAll(strings.TrimSpace(b.String()), "\n", "\n   "))
	}
	return nil
}

// export runs the nightly export now.
func (d *demo) export(ctx context.Context) error {
	d.printf("\n5. The nightly export, for the CRM\n")
	return d.runExports(ctx, d.Now(), "do-not-text.csv")
}

// exportLater runs it again when the first retries are due.
func (d *demo) exportLater(ctx context.Context) error {
	d.printf("\n6. The same export five hours later: the first retries are due\n")
	return d.runExports(ctx, d.Now().Add(5*time.Hour), "retry-due.delta.csv")
}

// runExports makes a run of each export at a time, lists its files, and prints the first
// lines of the file show.
func (d *demo) runExports(ctx context.Context, at time.Time, show string) error {
	at = at.Truncate(time.Second)
	for _, e := range d.daemon.Operations().Config.Exports {
		result, err := d.daemon.Exporter().Export(ctx, e.Name, at, func() hygiene.Instant { return hygiene.InstantOf(at.Add(time.Second)) })
		if err != nil {
			return err
		}
		rows := [][]string{}
		for _, f := range result.Manifest.Files {
			rows = append(rows, []string{"   " + f.Name, ui.Number(f.Rows) + " rows", ui.Number(f.Bytes) + " bytes", "sha256 " + f.SHA256[:12] + "…"})
		}
		folder := filepath.Join(e.To[0].String(), e.Name, result.Run.Name)
		relative, err := filepath.Rel(d.folder, folder)
		if err != nil {
			return err
		}
		d.printf("   %s\n", relative)
		ui.Table(d.Out, rows)
		if err := d.printHead(filepath.Join(folder, show)); err != nil {
			return err
		}
	}
	return nil
}

// printHead prints the first lines of a file.
func (d *demo) printHead(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	lines := strings.SplitAfter(string(text), "\n")
	d.printf("   %s begins:\n", filepath.Base(path))
	for _, line := range lines[:min(4, len(lines))] {
		d.printf("     %s", line)
	}
	return nil
}
