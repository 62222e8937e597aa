package imports

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// known are the contacts of the fixtures, with the numbers that they have.
var known = map[string]string{"bounce@example.com": "", "second@example.com": "", "spam@example.com": "", "out@example.com": "",
	"us-1": "+12025550123", "us-2": "+12025550124", "us-3": "+12025550125", "tr-1": "+905321110001", "tr-2": "+905321110002", "tr-3": "+905321110003"}

// The lists of other systems are read as they are: who is suppressed, and for what.
func TestTheListsOfOtherSystemsAreReadAsTheyAre(t *testing.T) {
	bounce, spam, out := map[string]string{"bounce@example.com": "hard_bounce"}, map[string]string{"spam@example.com": "complaint"}, map[string]string{"out@example.com": "opted_out"}
	bounces := map[string]string{"bounce@example.com": "hard_bounce", "second@example.com": "hard_bounce"}
	all := map[string]string{"bounce@example.com": "hard_bounce", "spam@example.com": "complaint", "out@example.com": "opted_out"}
	us := map[string]string{"us-1": "deactivated", "us-2": "deactivated", "us-3": "deactivated"}
	tr := map[string]string{"tr-1": "opted_out"}
	for name, c := range map[string]struct {
		o    Options
		want map[string]string
	}{
		"sendgrid-bounces.csv": {want: bounces}, "sendgrid-bounces.json": {want: bounces}, "sendgrid-spam.csv": {want: spam}, "sendgrid-spam.json": {want: spam},
		"sendgrid-unsubscribes.csv": {want: out}, "sendgrid-group.json": {want: out},
		"mailgun-bounces.csv": {want: bounce}, "mailgun-bounces.json": {want: bounce}, "mailgun-unsubscribes.csv": {want: out}, "mailgun-unsubscribes.json": {want: out}, "mailgun-complaints.csv": {want: spam},
		"postmark.csv": {want: all}, "postmark.json": {want: all},
		"twilio-deactivations.txt": {want: us},
		"iys.csv":                  {want: tr}, "iys.json": {want: tr}, "iys-panel.csv": {Options{Encoding: "windows-1254"}, tr},
	} {
		text, err := os.ReadFile(filepath.Join("testdata", "from", name))
		if err != nil {
			t.Fatal(err)
		}
		system, _, _ := strings.Cut(strings.TrimSuffix(name, filepath.Ext(name)), "-")
		if system == "twilio" {
			system = "twilio-deactivations"
		}
		c.o.From, c.o.Apply = system, true
		im := importList(t, phoneApp(t, known), string(text), c.o)
		got := map[string]string{}
		for key := range known {
			if open := im.open(key); open != "" {
				got[key] = open
			}
		}
		if im.err != nil || !maps.Equal(got, c.want) || im.result.Rejected+im.result.Flawed+im.result.New != 0 {
			t.Errorf("%s suppresses %v, want %v; %v, %+v\n%s", name, got, c.want, im.err, im.result, im.stderr)
		}
		if aside := im.result.Aside; system == "iys" && (aside["rows of a consent, which lifts nothing"] != 1 || aside["rows of another channel than messages"] != 2) {
			t.Errorf("%s: skipped %v", name, aside)
		}
	}
	files, err := filepath.Glob("testdata/from/*")
	if err != nil || len(files) != 17 {
		t.Errorf("%d fixtures, %v", len(files), err)
	}
}

// What such a list says that is not known is an opt-out, and reported.
func TestAnUnknownReasonOfAnotherSystemIsAnOptOut(t *testing.T) {
	for text, o := range map[string]Options{
		"EmailAddress,SuppressionReason\nout@example.com,SomethingNew\n":                {From: "postmark"},
		"EmailAddress,SuppressionReason\nout@example.com,\xff\n":                        {From: "postmark"},
		"EmailAddress,Origin\nout@example.com,Customer\n":                               {From: "postmark"},
		"recipient,type,status\n+905321110001,MESAJ,BELIRSIZ\n+905321110001,\xff,RET\n": {From: "iys"},
		"recipient,type\n+905321110001,MESAJ\n":                                         {From: "iys"},
	} {
		o.Apply = true
		im := importList(t, phoneApp(t, known), text, o)
		if im.err != nil || im.open("out@example.com")+im.open("tr-1") != "opted_out" || im.result.Flawed == 0 {
			t.Errorf("%q: %v, %+v\n%s", text, im.err, im.result, im.stderr)
		}
	}
	im := importList(t, phoneApp(t, known), "EmailAddress,SuppressionReason\nout@example.com,HardBounce\n", Options{From: "postmark", Reason: "mail_only", Apply: true})
	if im.err != nil || im.open("out@example.com") != "mail_only" {
		t.Errorf("with --reason: %v, %q", im.err, im.open("out@example.com"))
	}
	if im := importList(t, phoneApp(t, known), "mail,x\nout@example.com,y\n", Options{From: "sendgrid", Key: "mail", Apply: true}); im.err != nil || im.open("out@example.com") != "opted_out" {
		t.Errorf("with --key: %v, %q", im.err, im.open("out@example.com"))
	}
	if err := CheckFormat("sendgird"); err == nil || !slices.Contains(Formats(), "sendgrid") {
		t.Errorf("an unknown system: %v", err)
	}
}
