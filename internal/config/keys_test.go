package config

import (
	"os"
	"testing"

	"winnow/internal/yamldoc/yamldoctest"
)

func TestEveryKeyIsRead(t *testing.T) {
	text, err := os.ReadFile("testdata/every-key.yaml")
	if err != nil {
		t.Fatal(err)
	}
	read := func(text []byte) (any, error) {
		c, err := Parse("testdata/winnow.yaml", text, Options{Env: environment, CheckSchedule: schedules})
		if err != nil {
			return nil, err
		}
		read, rules, protected := *c, c.Policy.Rules, c.Policy.Protected()
		read.Hash, read.Text, read.Policy, read.root = "", nil, nil, nil // these change with any byte
		return []any{read, rules, protected}, nil
	}
	yamldoctest.EveryKeyIsRead(t, file, read, text, []byte("contacts: {key: text, fold: true, nobody: [unknown], number_reasons: [hard_bounce]}\nadmin: {token: admin-token-0123456789}"), []byte(`{log_token_file: files/log.token, receivers: [{url: "http://r:1", token_file: files/receiver.token}]}`), []byte("{store: 'postgres://winnow@db/winnow', folder: data}"), []byte(`admin: {token_file: files/admin.token, tls: {cert: files/a.crt, key: files/a.key}}`))
}
