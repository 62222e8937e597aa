package config

import (
	"fmt"
	"strings"
	"testing"
)

func TestASegmentWithMoreColumnsThanASheetIsNotWrittenAsOne(t *testing.T) {
	text := func(columns int, format string) []byte {
		var b strings.Builder
		for i := range columns {
			fmt.Fprintf(&b, "attributes.a%d, ", i)
		}
		return []byte("segments: [{name: wide, suppressed: only, columns: [" + b.String() + "]}]\n" +
			"exports:\n  - {name: n, schedule: \"0 2 * * *\", segments: [wide], to: [out], formats: [csv, " + format + "]}\n")
	}
	const room = 16_383 // and a column for the change
	for _, good := range [][]byte{text(room, "xlsx"), text(room+1, "parquet")} {
		if _, err := Parse("winnow.yaml", good, options); err != nil {
			t.Errorf("%.300s", err)
		}
	}
	_, err := Parse("winnow.yaml", text(room+1, "xlsx"), options)
	if want := `winnow.yaml:3:82: exports[0] "n".formats[1]: segment "wide" has 16384 columns, and a file of xlsx has room for 16383`; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("the problem is %.300v, want %s", err, want)
	}
}
