package yamldoc

import "testing"

// environment is what the tests may read of the environment.
func environment(name string) (string, bool) {
	v, ok := map[string]string{
		"WINNOW_INSIDER_TOKEN": "insider-token-0123456789",
		"EMPTY":                "",
		"SHORT":                "s3cr3t",
	}[name]
	return v, ok
}

func TestTheDefaultOfAVariableAlsoReplacesAnEmptyOne(t *testing.T) {
	for text, want := range map[string]string{
		"${WINNOW_INSIDER_TOKEN}":       "insider-token-0123456789",
		"${WINNOW_INSIDER_TOKEN:-x}":    "insider-token-0123456789",
		"${EMPTY:-x}":                   "x",
		"${NOT_SET:-x}":                 "x",
		"${NOT_SET:-}":                  "",
		"${EMPTY}":                      "",
		"a${SHORT}b${SHORT}c":           "as3cr3tbs3cr3tc",
		"$SHORT $ {SHORT} $$ }":         "$SHORT $ {SHORT} $$ }",
		"${NOT_SET:-sqlite://a:-b.db}c": "sqlite://a:-b.dbc",
	} {
		got, unset, err := expand(text, environment)
		if got != want || unset != "" || err != nil {
			t.Errorf("%s is %q (unset %q, %v), expected %q", text, got, unset, err, want)
		}
	}
}
