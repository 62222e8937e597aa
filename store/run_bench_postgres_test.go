package store_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/store"
	"winnow/store/location"
)

// plainServerTable is plainTable in the database of the store.
func plainServerTable(b *testing.B, s *store.Store, asOf hygiene.Instant) string {
	url := location.URL(s.Location())
	psql(b, url, nil, "CREATE TABLE plain (contact text COLLATE \"C\" PRIMARY KEY, phone text, status text, last_delivered_at text, sent_count bigint, bucket bigint, facts bytea)")
	snapshot, err := s.Snapshot()
	if err != nil {
		b.Fatal(err)
	}
	defer snapshot.Close()
	var rows bytes.Buffer
	w := csv.NewWriter(&rows)
	send := func() {
		w.Flush()
		psql(b, url, rows.Bytes(), `\copy plain from pstdin csv`)
		rows.Reset()
	}
	err = snapshot.Contacts(context.Background(), false, func(k *hygiene.Contact) error {
		bucket, _ := k.Attributes.Get("bucket")
		err := w.Write([]string{k.Key, k.Phone, k.Status(asOf).String(), k.History.Outcome(hygiene.Delivered).Last().At.String(),
			fmt.Sprint(len(k.History.Outcome(hygiene.Sent).Entries)), bucket.Text, `\x` + hex.EncodeToString(k.Pack(nil))})
		if rows.Len() > 32<<20 {
			send()
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	send()
	psql(b, url, nil, "CREATE INDEX ON plain (bucket, contact); VACUUM ANALYZE plain")
	return url
}

// serverShell is shell with psql.
func serverShell(b *testing.B, url string) time.Duration {
	began := time.Now()
	folder := b.TempDir()
	for bucket := range 10 {
		psql(b, url, nil, fmt.Sprintf(`\copy (SELECT contact, phone, status, last_delivered_at, sent_count, bucket FROM plain WHERE bucket = %d ORDER BY contact) to '%s' csv header`,
			bucket, filepath.Join(folder, fmt.Sprint(bucket, ".csv"))))
	}
	return time.Since(began)
}

// psql runs commands, separated by semicolons, each in a transaction of its own.
func psql(b *testing.B, url string, stdin []byte, commands string) {
	b.Helper()
	args := []string{"--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", url}
	for command := range strings.SplitSeq(commands, "; ") {
		args = append(args, "--command="+command)
	}
	cmd := exec.Command("psql", args...)
	cmd.Stdin = bytes.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%s %v", out, err)
	}
}
