package segments_test

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/segments"
)

// duckDBReads answers questions with the module @duckdb/node-api, which NODE_PATH leads to.
const duckDBReads = `
const duckdb = require("@duckdb/node-api");
(async () => {
  const db = await (await duckdb.DuckDBInstance.create(":memory:")).connect();
  const answers = [];
  for (const question of process.argv.slice(1)) {
    answers.push((await db.runAndReadAll(question)).getRowsJson());
  }
  console.log(JSON.stringify(answers));
})();
`

// duckDB asks DuckDB, and skips the test where there is none.
func duckDB(t *testing.T, questions ...string) (answers [][][]any) {
	t.Helper()
	if testing.Short() {
		t.Skip("it starts other software")
	}
	if exec.Command("node", "-e", `require("@duckdb/node-api")`).Run() != nil {
		t.Skip("there is no node with DuckDB here")
	}
	if err := json.Unmarshal([]byte(outside(t, "", "node", append([]string{"-e", duckDBReads, "--"}, questions...)...)), &answers); err != nil {
		t.Fatal(err)
	}
	return answers
}

// asDuckDB is a value of JSON as DuckDB shows it, a time in microseconds.
func asDuckDB(t *testing.T, column string, v any) any {
	t.Helper()
	switch v := v.(type) {
	case string:
		if !slices.Contains(timeColumns, column) {
			return v
		}
		for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
			if at, err := time.Parse(layout, v); err == nil {
				return strconv.FormatInt(at.UnixMicro(), 10)
			}
		}
		t.Errorf("%s is %q", column, v)
	case bool:
		return strconv.FormatBool(v)
	case json.Number:
		return v.String()
	case map[string]any:
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	return v
}

func TestDuckDBReadsEveryCellOfParquet(t *testing.T) {
	istanbul := time.FixedZone("", 3*60*60)
	var questions []string
	var want [][][]any
	for _, times := range []segments.TimeOptions{{}, {Form: segments.FullTime, Zone: istanbul}, {Form: segments.DateOnly, Zone: istanbul}} {
		_, dir := execute(t, tablePlan(t, times, segments.Parquet), tablePeople())
		columns := make([]string, len(tableColumns))
		for i, c := range tableColumns {
			columns[i] = `"` + c + `"`
			if slices.Contains(timeColumns, c) {
				columns[i] = "epoch_us(" + columns[i] + ")"
			}
		}
		for _, name := range []string{"table", "nobody"} {
			questions = append(questions, fmt.Sprintf("SELECT %s FROM '%s'", strings.Join(columns, ", "), filepath.Join(dir, name+".parquet")))
			rows := [][]any{}
			for _, object := range ndjsonRows(t, dir, name+".ndjson") {
				var row []any
				for _, c := range tableColumns {
					row = append(row, asDuckDB(t, c, object[c]))
				}
				rows = append(rows, row)
			}
			want = append(want, rows)
		}
	}
	for i, rows := range duckDB(t, questions...) {
		same(t, questions[i], rows, want[i])
	}
}

func TestDuckDBFindsTheTypesOfParquet(t *testing.T) {
	var questions []string
	for _, times := range []segments.TimeOptions{{}, {Form: segments.DateOnly}} {
		_, dir := execute(t, tablePlan(t, times, segments.Parquet), tablePeople())
		questions = append(questions, fmt.Sprintf("SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM '%s')", filepath.Join(dir, "table.parquet")))
	}
	answers := duckDB(t, questions...)
	for i, timeType := range []string{"TIMESTAMP WITH TIME ZONE", "DATE"} {
		var want [][]any
		for _, c := range tableColumns {
			kind := "VARCHAR"
			switch {
			case slices.Contains(timeColumns, c):
				kind = timeType
			case c == "attempt" || c == "soft_bounce_count":
				kind = "BIGINT"
			case c == "reasons" || c == "tags":
				kind = "VARCHAR[]"
			}
			want = append(want, []any{c, kind})
		}
		same(t, questions[i], answers[i], want)
	}
}

// Who keeps a segment in DuckDB applies a delta of Parquet with one statement.
func TestDuckDBAppliesADeltaOfParquet(t *testing.T) {
	s := &memoryStore{lists: map[string]*list{}, shows: everyChange, formats: []segments.Format{segments.Parquet, segments.NDJSON}}
	all := segments.Segment{Name: "all"}
	_, before := s.night(t, 0, crowded(3000), all)
	now := crowded(3005)
	for i := 0; i < len(now); i += 7 {
		now[i].Phone = "+905550000000"
	}
	for i := range 5 {
		now[i].Suppressions = []hygiene.Suppression{{Reason: "opted_out", Since: hygiene.Moment{At: noon - 1}}}
	}
	_, after := s.night(t, 1, now, all)
	whole, delta, next := filepath.Join(before, "all.parquet"), filepath.Join(after, "all.delta.parquet"), filepath.Join(after, "all.parquet")
	applied := fmt.Sprintf("SELECT * FROM '%s' WHERE contact NOT IN (SELECT contact FROM '%s') UNION ALL SELECT * EXCLUDE (change) FROM '%[2]s' WHERE change IN ('entered', 'changed')", whole, delta)
	answers := duckDB(t, applied+" ORDER BY contact", fmt.Sprintf("SELECT * FROM '%s' ORDER BY contact", next),
		fmt.Sprintf("SELECT change, count(*) FROM '%s' GROUP BY change ORDER BY change", delta))
	if len(answers[1]) != 3000 {
		t.Errorf("the next whole file has %d rows", len(answers[1]))
	}
	same(t, "the whole file with its delta", answers[0], answers[1])
	for i, want := range []string{"changed", "entered", "left"} {
		if answers[2][i][0] != want {
			t.Errorf("the changes are %v", answers[2])
		}
	}
}
