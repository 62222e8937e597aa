package logscan

import (
	"slices"
	"testing"
)

func TestANameWithDotsIsFirstTheKeyOfExactlyThatName(t *testing.T) {
	for body, want := range map[string]string{
		`{"uniqueArgs":{"utm.campaign":"x"}}`:                                   "x",
		`{"uniqueArgs":{"utm":{"campaign":"y"}}}`:                               "y",
		`{"uniqueArgs":{"utm":{"campaign":"y"},"utm.campaign":"x"}}`:            "x",
		`{"uniqueArgs":{"utm\u002ecampaign":"ğ \"x\"","utm":{"campaign":"y"}}}`: `ğ "x"`,
		`{"uniqueArgs":{"utm.campaign":12.0}}`:                                  "12.0",
		`{"uniqueArgs":{"utm.campaign":{"a": 1}}}`:                              `{"a": 1}`,
		`{"uniqueArgs":{"utm.campaign":null,"utm":{"campaign":"y"}}}`:           "",
		`{"uniqueArgs":{"utm":{"campaign":"utm.campaign"}}}`:                    "utm.campaign",
		`{"utm.campaign":"elsewhere","uniqueArgs":{}}`:                          "",
		`{"uniqueArgs":{"utm.campaign":"x"}`:                                    "",
	} {
		a := newAttachments([]string{"day", "unique_args.id", "unique_args.utm.campaign"}, nil)
		for range 2 {
			if got := a.of("s", []byte(body)); !slices.Equal(got, []string{"", want}) {
				t.Errorf("%s: %q; want %q", body, got, want)
			}
		}
	}
}

func TestAReportRefusesUnknownColumns(t *testing.T) {
	known := "choose from day, hour, outcome, code, source, unique_args.NAME"
	for _, c := range []struct {
		by   []string
		want string
	}{
		{[]string{"day", "unique_args.a.b", "unique_args.a,b", "unique_args.No."}, ""},
		{nil, "no column is given; " + known},
		{[]string{"day", "Day"}, `unknown column "Day"; ` + known},
		{[]string{"unique_args."}, `unknown column "unique_args."; ` + known},
		{[]string{"code", "unique_args.a", "code"}, "column code is given twice"},
	} {
		got := ""
		if err := CheckReportColumns(c.by); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%q: %q; want %q", c.by, got, c.want)
		}
	}
}
