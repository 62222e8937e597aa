package command

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"winnow/internal/imports"
)

// importJSON imports a file, and returns the JSON result.
func importJSON(t *testing.T, winnow func(args ...string) (int, string, string), args ...string) map[string]any {
	t.Helper()
	code, stdout, stderr := winnow(append([]string{"import", "--json"}, args...)...)
	var result map[string]any
	if err := json.Unmarshal([]byte(stdout), &result); err != nil || code != exitOK {
		t.Fatalf("exit %d: %s%s", code, stdout, stderr)
	}
	return result
}

func TestAPreviewCountsAContactOnceHoweverFarApartItsLinesAre(t *testing.T) {
	folder, winnow := storeWithList(t, "")
	var contacts, suppressions strings.Builder
	contacts.WriteString("contact,age\n")
	suppressions.WriteString("contact,reason\n")
	const people = imports.FlushLines + 10
	for line := range 2*people + 5 {
		fmt.Fprintf(&contacts, "c%d,%d\n", line%people, line/people)
		fmt.Fprintf(&suppressions, "s%d,%s\n", line%people, []string{"complaint", "opted_out", "complaint"}[line/people])
	}
	for name, text := range map[string]string{"contacts": contacts.String(), "suppressions": suppressions.String()} {
		path := filepath.Join(folder, name+".csv")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		args := append([]string{name, path}, map[string][]string{"suppressions": {"--new"}}[name]...)
		shown, done := importJSON(t, winnow, args...), importJSON(t, winnow, append(args, "--apply")...)
		for _, of := range []string{"new", "updated", "unchanged", "repeated", "suppressed", "renewed", "new_contacts"} {
			if shown[of] != done[of] {
				t.Errorf("%s: the preview has %[3]v %[2]s, the import %[4]v", name, of, shown[of], done[of])
			}
		}
		if of := map[string]string{"contacts": "new", "suppressions": "new_contacts"}[name]; done[of] != float64(people) {
			t.Errorf("%s: %v %s; want %d", name, done[of], of, people)
		}
	}
	again := importJSON(t, winnow, "contacts", filepath.Join(folder, "contacts.csv"))
	if again["new"] != 0.0 || again["repeated"] != float64(people+5) {
		t.Errorf("the second preview is %v", again)
	}
}

func TestAPreviewShowsHowEachColumnIsRead(t *testing.T) {
	folder, winnow := storeWithList(t, "")
	path := filepath.Join(folder, "crm.csv")
	file := "contact,bought,born,points,vip,note\nc1,31.12.2025,31/12/2025,12,TRUE,\nc2,2026-01-02 10:00,,12.5,false,\nc3,2026-01-02,,about 3,true,\n"
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	_, told, _ := winnow("import", "contacts", path)
	wantWords(t, told, "column born 1 text, like 31/12/2025", "column bought 3 dates, like 31.12.2025", "column note no values",
		"column points 2 numbers, 1 text, like about 3", "column vip 3 truth values, like true")
	columns, _ := importJSON(t, winnow, "contacts", path)["columns"].([]any)
	if len(columns) != 5 || columns[1].(map[string]any)["dates"] != 3.0 {
		t.Errorf("the columns are %v", columns)
	}
}
