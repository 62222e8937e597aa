package segments

import (
	"slices"
	"strings"
	"testing"
)

func TestEveryColumnIsFoundByItsName(t *testing.T) {
	names := append(ColumnNames(), "attributes.country", "attributes.a.b")
	for _, name := range names {
		c, err := ParseColumn(name)
		if err != nil {
			t.Errorf("ParseColumn(%q): %v", name, err)
		} else if c.String() != name {
			t.Errorf("ParseColumn(%q) is named %q", name, c)
		}
	}
	for _, want := range strings.Fields("contact phone status reasons suppressed_since suppressed_until message_id " +
		"unique_args attempt due_at tags lists first_seen last_seen first_delivered_at last_soft_bounce_at hard_bounce_count") {
		if !slices.Contains(names, want) {
			t.Errorf("there is no column %s", want)
		}
	}
}

func TestUnknownColumnSuggestsTheOneThatWasMeant(t *testing.T) {
	for name, want := range map[string]string{
		"contcat":            `did you mean "contact"?`,
		"last_deliverd_at":   `did you mean "last_delivered_at"?`,
		"attribute.country":  `did you mean "attributes.country"?`,
		"delivered_counts":   `did you mean "delivered_count"?`,
		"attributes.":        "needs the name of an attribute",
		"favourite_breakfst": "write for example",
		"":                   "write for example",
	} {
		_, err := ParseColumn(name)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseColumn(%q): %v, want %q in it", name, err, want)
		}
	}
}

func TestDefaultColumnsAreContactPhoneStatus(t *testing.T) {
	if got := joinedNames(DefaultColumns()); got != "contact phone status" {
		t.Errorf("default columns are %s", got)
	}
}

func joinedNames(columns []Column) string {
	var names []string
	for _, c := range columns {
		names = append(names, c.String())
	}
	return strings.Join(names, " ")
}
