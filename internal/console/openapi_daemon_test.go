package console

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"
)

const daemonConfig = `
listen: "127.0.0.1:0"
admin: {listen: "127.0.0.1:0", token: ` + token + `}
sources:
  - {name: insider, preset: insider, tokens: [test-token-0123456789], contact: uniqueArgs.contact_id}
hygiene:
  sweep: "@every 1h"
  rules:
    - {name: hard, when: {outcome: hard_bounce}, then: {suppress: {reason: hard_bounce}}}
    - {name: retry, when: {outcome: soft_bounce}, then: {retry: {after: [4h, 24h]}}}
segments:
  - {name: reachable, where: {any: [{status: active}, {outcome: delivered, within: 90d}]}}
  - {name: staff, list: staff}
exports:
  - {name: nightly, schedule: "0 2 * * *", segments: [reachable, staff], formats: [csv], to: [exports], guard: {min_rows: {staff: 1}}}
`

// daemon is a real one, in a process of its own.
type daemon struct{ callbacks, console string }

var listening = regexp.MustCompile(`callbacks=(\S+) console=(\S+)`)

func startDaemon(t *testing.T) *daemon {
	t.Helper()
	folder := t.TempDir()
	binary := filepath.Join(folder, "winnow")
	if out, err := exec.Command("go", "build", "-ldflags=-s -w", "-o", binary, "winnow").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	path := filepath.Join(folder, "winnow.yaml")
	if err := os.WriteFile(path, []byte(daemonConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, "serve", "-c", path)
	stderr, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		if m := listening.FindStringSubmatch(lines.Text()); m != nil {
			go func() { _, _ = io.Copy(io.Discard, stderr) }()
			return &daemon{"http://" + m[1], "http://" + m[2]}
		}
	}
	t.Fatal("the daemon does not listen")
	return nil
}

func (d *daemon) ask(t *testing.T, method, path, body, bearer string) (status int, contentType string, answer []byte) {
	t.Helper()
	req, err := http.NewRequest(method, d.console+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	contentType, _, _ = strings.Cut(resp.Header.Get("Content-Type"), ";")
	return resp.StatusCode, contentType, answer
}

// description is the OpenAPI text as a validator reads it. Its objects are closed
// where it does not say otherwise: a member that it does not describe is a fault.
type description struct {
	compiler *jsonschema.Compiler
	paths    map[string]any
	resolve  func(any) map[string]any
}

func readDescription(t *testing.T) *description {
	t.Helper()
	var doc map[string]any
	if err := yaml.Unmarshal(openAPI, &doc); err != nil {
		t.Fatal(err)
	}
	closeObjects(doc["components"])
	closeObjects(doc["paths"])
	text, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	read, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("openapi.json", read); err != nil {
		t.Fatal(err)
	}
	whole := read.(map[string]any)
	return &description{compiler: c, paths: whole["paths"].(map[string]any), resolve: func(v any) map[string]any {
		object := v.(map[string]any)
		if ref, ok := object["$ref"].(string); ok {
			parts := strings.Split(ref, "/")
			return whole["components"].(map[string]any)[parts[2]].(map[string]any)[parts[3]].(map[string]any)
		}
		return object
	}}
}

func closeObjects(v any) {
	switch v := v.(type) {
	case map[string]any:
		_, open := v["additionalProperties"]
		if _, has := v["properties"]; has && v["type"] == "object" && !open {
			v["additionalProperties"] = false
		}
		for _, member := range v {
			closeObjects(member)
		}
	case []any:
		for _, member := range v {
			closeObjects(member)
		}
	}
}

// wrong says what is wrong with an answer to the operation; nil for nothing.
func (d *description) wrong(method, route string, status int, contentType string, body []byte) error {
	item, _ := d.paths[route].(map[string]any)
	operation, _ := item[strings.ToLower(method)].(map[string]any)
	responses, _ := operation["responses"].(map[string]any)
	response, described := responses[fmt.Sprint(status)]
	if !described {
		return fmt.Errorf("an answer %d is not described", status)
	}
	content := d.resolve(response)["content"].(map[string]any)
	media, ok := content[contentType].(map[string]any)
	if !ok {
		return fmt.Errorf("an answer %d of type %s is not described", status, contentType)
	}
	if !strings.HasSuffix(contentType, "json") {
		return nil
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%s-%s-%d.json", method, strings.NewReplacer("/", "-", "{", "", "}", "").Replace(route), status)
	if err := d.compiler.AddResource(name, rebased(media["schema"])); err != nil && !strings.Contains(err.Error(), "already") {
		return err
	}
	schema, err := d.compiler.Compile(name)
	if err != nil {
		return err
	}
	return schema.Validate(value)
}

// rebased is a schema whose references are to the whole description.
func rebased(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for key, member := range v {
			if ref, ok := member.(string); ok && key == "$ref" {
				member = "openapi.json" + ref
			}
			out[key] = rebased(member)
		}
		return out
	case []any:
		var out []any
		for _, member := range v {
			out = append(out, rebased(member))
		}
		return out
	}
	return v
}

func TestAnswersOfADaemonAreAsDescribed(t *testing.T) {
	if testing.Short() {
		t.Skip("a daemon is built")
	}
	d, says := startDaemon(t), readDescription(t)
	bounces := `[{"id":"m1","event":"delivered","uniqueArgs":{"contact_id":"ann"}},{"id":"m2","event":"undelivered","reason":{"code":1400},"uniqueArgs":{"contact_id":"bob"}},
		{"id":"m3","event":"undelivered","reason":{"code":1404},"uniqueArgs":{"contact_id":"cem"}},{"id":"m4","event":"exploded","uniqueArgs":{"contact_id":"cem"}}]`
	resp, err := http.Post(d.callbacks+"/callbacks/test-token-0123456789", "application/json", strings.NewReader(bounces))
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("callbacks: %v %v", resp, err)
	}
	resp.Body.Close()
	begin := time.Now().UTC().Truncate(time.Second)
	// asked asks, and gives the answer.
	asked := func(want int, method, route, path, body, bearer string) []byte {
		t.Helper()
		status, contentType, answer := d.ask(t, method, path, body, bearer)
		if status != want {
			t.Errorf("%s %s is answered %d %s, want %d", method, path, status, answer, want)
		} else if err := says.wrong(method, route, status, contentType, answer); err != nil {
			t.Errorf("%s %s: %v\n%s", method, path, err, answer)
		}
		return answer
	}
	var run struct{ Run, Status string }
	if err := json.Unmarshal(asked(200, "POST", "/api/v1/exports/{name}/run", "/api/v1/exports/nightly/run", "", token), &run); err != nil || run.Status != "held" {
		t.Fatalf("the run is %+v, %v", run, err)
	}
	if at, err := time.Parse("2006-01-02T150405Z", run.Run); err != nil || at.Before(begin) {
		t.Errorf("the run is named %q", run.Run)
	}
	release := "/api/v1/exports/nightly/runs/" + run.Run + "/release"
	for _, q := range []struct {
		status             int
		method, path, body string
		route              string // empty: the path
	}{
		{200, "GET", "/api/v1/contacts/cem", "", "/api/v1/contacts/{key}"},
		{200, "GET", "/api/v1/contacts/bob", "", "/api/v1/contacts/{key}"},
		{404, "GET", "/api/v1/contacts/nobody", "", "/api/v1/contacts/{key}"},
		{400, "GET", "/api/v1/contacts/%20", "", "/api/v1/contacts/{key}"},
		{200, "POST", "/api/v1/contacts/%2B90%2F1/suppress", `{"reason":"complaint","note":"n","until":"2999-01-01T00:00:00Z"}`, "/api/v1/contacts/{key}/suppress"},
		{400, "POST", "/api/v1/contacts/ann/suppress", `{"reason":"No Reason"}`, "/api/v1/contacts/{key}/suppress"},
		{413, "POST", "/api/v1/contacts/ann/suppress", strings.Repeat(" ", maxBody+1), "/api/v1/contacts/{key}/suppress"},
		{413, "POST", "/api/v1/contacts/ann/allow", strings.Repeat(" ", maxBody+1), "/api/v1/contacts/{key}/allow"},
		{413, "POST", "/api/v1/exports/nightly/run", strings.Repeat(" ", maxBody+1), "/api/v1/exports/{name}/run"},
		{200, "POST", "/api/v1/contacts/bob/allow", "", "/api/v1/contacts/{key}/allow"},
		{404, "POST", "/api/v1/contacts/nobody/allow", "", "/api/v1/contacts/{key}/allow"},
		{200, "POST", "/api/v1/contacts/old-ann/merge", `{"into":"ann","note":"same person"}`, "/api/v1/contacts/{key}/merge"},
		{200, "POST", "/api/v1/contacts/old-ann/merge", `{"into":"ann"}`, "/api/v1/contacts/{key}/merge"},
		{200, "GET", "/api/v1/contacts/ann", "", "/api/v1/contacts/{key}"},
		{200, "GET", "/api/v1/contacts/ann/export", "", "/api/v1/contacts/{key}/export"},
		{404, "GET", "/api/v1/contacts/nobody/export", "", "/api/v1/contacts/{key}/export"},
		{409, "POST", "/api/v1/contacts/ann/merge", `{"into":"old-ann"}`, "/api/v1/contacts/{key}/merge"},
		{400, "POST", "/api/v1/contacts/ann/merge", `{}`, "/api/v1/contacts/{key}/merge"},
		{413, "POST", "/api/v1/contacts/ann/merge", strings.Repeat(" ", maxBody+1), "/api/v1/contacts/{key}/merge"},
		{200, "POST", "/api/v1/check", `{"contacts":["ann","bob","cem","nobody",7,""]}`, ""},
		{400, "POST", "/api/v1/check", `{"contact":["ann"]}`, ""},
		{400, "POST", "/api/v1/check", "{\"contacts\":[\"jos\xe9\"]}", ""},
		{413, "POST", "/api/v1/check", strings.Repeat(" ", maxBody+1), ""},
		{200, "POST", "/api/v1/messages", `{"message_id":"m9","contact":"ann"}` + "\n" + `{"message_id":"m9","contact":"bob"}` + "\nx", ""},
		{400, "POST", "/api/v1/messages", "x", ""},
		{200, "GET", "/api/v1/status", "", ""},
		{200, "GET", "/api/v1/segments", "", ""},
		{200, "GET", "/api/v1/exports", "", ""},
		{200, "GET", "/api/v1/exports/nightly", "", "/api/v1/exports/{name}"},
		{404, "GET", "/api/v1/exports/none", "", "/api/v1/exports/{name}"},
		{404, "POST", "/api/v1/exports/none/run", "", "/api/v1/exports/{name}/run"},
		{404, "POST", "/api/v1/exports/nightly/runs/yesterday/release", "", "/api/v1/exports/{name}/runs/{run}/release"},
		{404, "POST", "/api/v1/exports/nightly/runs/2001-01-01T000000Z/release", "", "/api/v1/exports/{name}/runs/{run}/release"},
		{200, "POST", release, "", "/api/v1/exports/{name}/runs/{run}/release"},
		{409, "POST", release, "", "/api/v1/exports/{name}/runs/{run}/release"},
		{200, "GET", "/api/v1/openapi.yaml", "", ""},
		{200, "GET", "/metrics", "", ""},
		{200, "GET", "/readyz", "", ""},
	} {
		route := q.route
		if route == "" {
			route = q.path
		}
		asked(q.status, q.method, route, q.path, q.body, token)
		if route != "/readyz" {
			asked(401, q.method, route, q.path, q.body, "")
		}
	}
	for range freeTries { // more would wait
		asked(401, "GET", "/api/v1/status", "/api/v1/status", "", "not-"+token)
	}
	asked(200, "GET", "/", "/", "", "")
	asked(403, "POST", "/login", "/login", "token="+token, "")
	asked(401, "POST", "/logout", "/logout", "", "")
}
