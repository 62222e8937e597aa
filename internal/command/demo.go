package command

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
)

// The provider's own bodies, as its pages print them.
//
//go:embed callbacks/*.json
var callbacks embed.FS

// demoCommand shows the main job.
type demoCommand struct {
	Keep bool `help:"Keep the folder, and name it on the last line."`
}

// Run plays a campaign against a real daemon with the example config.
func (x demoCommand) Run(c *call) (err error) {
	folder, err := os.MkdirTemp("", "winnow-demo-")
	if err != nil {
		return err
	}
	if !x.Keep {
		defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	}
	d, err := c.demo(folder)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(c.ctx)
	served := make(chan error, 1)
	go func() { served <- d.daemon.serve(ctx) }()
	err = d.play(ctx)
	stop()
	err = errors.Join(err, <-served)
	if x.Keep {
		fmt.Fprintf(c.Stdout, "\n%s\n", folder)
	}
	return err
}

// demo is a daemon in a folder of its own, and a provider that calls it.
type demo struct {
	*call
	daemon *daemon
	folder string
	url    string // of the callbacks
	api    string
}

const demoToken = "demo-9c99bc26-373e-4847"

// demo makes the daemon from the example config, on free ports.
func (c *call) demo(folder string) (*demo, error) {
	text := string(c.Example)
	for from, to := range map[string]string{
		`":8080"`:                 `"127.0.0.1:0"`,
		`"127.0.0.1:8081"`:        `"127.0.0.1:0"`,
		`${WINNOW_INSIDER_TOKEN}`: demoToken,
		`${WINNOW_ADMIN_TOKEN:-}`: ``,
		`"@every 30s"`:            `"@every 1h"`, // the demo sweeps when it says so
	} {
		if !strings.Contains(text, from) {
			return nil, fmt.Errorf("the example config has no %s: the demo needs it", from)
		}
		text = strings.Replace(text, from, to, 1)
	}
	path := filepath.Join(folder, "winnow.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return nil, err
	}
	inner := *c
	inner.config = path
	d, err := inner.daemon(slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	return &demo{call: &inner, daemon: d, folder: folder,
		url: "http://" + d.public.Addr().String() + "/callbacks/" + demoToken, api: "http://" + d.private.Addr().String() + "/api/v1"}, nil
}

// play is the story, one step after the other.
func (d *demo) play(ctx context.Context) error {
	d.say("winnow %s listens at %s, with the rules of config.example.yaml\n", d.Version, d.daemon.public.Addr())
	for _, step := range []func(context.Context) error{d.receive, d.sweep, d.register, d.explain, d.export, d.later} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) say(format string, args ...any) { fmt.Fprintf(d.Stdout, format, args...) }

// receive is the provider calling back: a campaign, with all that real
// providers do to it.
func (d *demo) receive(ctx context.Context) error {
	d.say("\n1. The provider calls back\n")
	var rows [][]string
	tell := func(what string, body []byte) error {
		answer, err := d.post(ctx, d.url, body)
		rows = append(rows, []string{"   " + what, answer})
		return err
	}
	err := errors.Join(
		tell("500 messages sent", d.batch("sent", 0, 500)),
		tell("440 delivered", d.batch("delivered", 0, 440)),
		tell("20 hard bounces (1400)", d.batch("hard_bounce", 440, 460)),
		tell("25 soft bounces (1404)", d.batch("soft_bounce", 460, 485)),
		tell("5 numbers that are none (1500)", d.batch("invalid_number", 485, 490)),
		tell("6 stopped by the carrier (1408): the content's fault", d.batch("carrier_violation", 490, 496)),
		tell("4 unknown (1409), whose text says Soft Bounce", d.batch("unknown_delivery", 496, 500)),
		tell("the same 25 soft bounces again: repeats", d.batch("soft_bounce", 460, 485)),
		tell("something that is no event", []byte(`{"probe": true}`)),
	)
	names, _ := callbacks.ReadDir("callbacks")
	for _, name := range names {
		body, _ := callbacks.ReadFile("callbacks/" + name.Name())
		_, postErr := d.post(ctx, d.url, body)
		err = errors.Join(err, postErr)
	}
	rows = append(rows, []string{fmt.Sprintf("   the %d bodies of its page, as printed: they name a message and no contact", len(names)), "200 each"})
	table(d.Stdout, rows)
	return err
}

// batch makes one array of callbacks out of the provider's body of that name,
// about the messages from one number to another.
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

func (d *demo) post(ctx context.Context, url string, body []byte) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/json")
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

// sweep applies the rules.
func (d *demo) sweep(ctx context.Context) error {
	d.say("\n2. A sweep applies the rules\n")
	if err := d.swept(ctx); err != nil {
		return err
	}
	st, err := statusOf(d.daemon.current.Load(), d.daemon.store)
	if err != nil {
		return err
	}
	for _, name := range hygiene.StatusNames() {
		d.say("   %4s %s\n", grouped(st.Statuses[name]), name)
	}
	return nil
}

func (d *demo) swept(ctx context.Context) error {
	did, err := d.daemon.acts().sweep(ctx, d.present())
	if err == nil {
		d.say("   swept %s: %s, %s unmatched, %s in the ledger\n", plural(did.Events, "event"), plural(did.Repeats, "repeat"),
			grouped(did.Unmatched), plural(did.Changes, "change"))
	}
	return err
}

// register is the sender's log: whom two messages were for.
func (d *demo) register(ctx context.Context) error {
	d.say("\n3. The sender says whom the page's messages were for\n")
	answer, err := d.post(ctx, d.api+"/messages", []byte(
		`{"message_id": "sms-66944540-5ade", "contact": "crm-page"}`+"\n"+
			`{"message": "Accepted", "messageId": "sms-a1234567-b123-c123-d123-e123f123456", "contact": "crm-sample"}`+"\n"))
	if err != nil {
		return err
	}
	d.say("   POST /api/v1/messages  %s\n", answer)
	return d.swept(ctx)
}

// explain asks why, for one that bounced hard and one that bounced softly.
func (d *demo) explain(context.Context) error {
	d.say("\n4. Why? winnow explain\n")
	cfg := d.daemon.current.Load()
	for _, key := range []string{"crm-0441", "crm-0470"} {
		e, ok, err := explain(cfg, d.daemon.store, key, d.present())
		if err != nil || !ok {
			return errors.Join(err, fmt.Errorf("contact %s is missing", key))
		}
		var b strings.Builder
		e.History, e.Timeline, e.ledger = nil, nil, nil
		e.print(&b, cfg)
		d.say("   %s\n", strings.ReplaceAll(strings.TrimSpace(b.String()), "\n", "\n   "))
	}
	return nil
}

// export runs the nightly export now, and shows what the CRM finds.
func (d *demo) export(ctx context.Context) error {
	d.say("\n5. The nightly export, for the CRM\n")
	return d.run(ctx, d.now(), "do-not-text.csv")
}

// later runs it again when the first retries are due.
func (d *demo) later(ctx context.Context) error {
	d.say("\n6. The same export five hours later: the first retries are due\n")
	return d.run(ctx, d.now().Add(5*time.Hour), "retry-due.delta.csv")
}

// run makes a run of each export at the given time, and shows its files and
// the beginning of one.
func (d *demo) run(ctx context.Context, at time.Time, show string) error {
	at = at.Truncate(time.Second)
	for _, e := range d.daemon.current.Load().Exports {
		result, err := d.daemon.acts().export(ctx, e.Name, at, func() hygiene.Instant { return hygiene.InstantOf(at.Add(time.Second)) })
		if err != nil {
			return err
		}
		rows := [][]string{}
		for _, f := range result.Manifest.Files {
			rows = append(rows, []string{"   " + f.Name, grouped(f.Rows) + " rows", grouped(f.Bytes) + " bytes", "sha256 " + f.SHA256[:12] + "…"})
		}
		folder := filepath.Join(e.To[0].String(), e.Name, result.Run.Name)
		d.say("   %s\n", strings.TrimPrefix(folder, d.folder+string(filepath.Separator)))
		table(d.Stdout, rows)
		if err := d.head(filepath.Join(folder, show)); err != nil {
			return err
		}
	}
	return nil
}

// head shows the first lines of a file.
func (d *demo) head(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	all := strings.SplitAfter(string(text), "\n")
	d.say("   %s begins:\n", filepath.Base(path))
	for _, line := range all[:min(4, len(all))] {
		d.say("     %s", line)
	}
	return nil
}
