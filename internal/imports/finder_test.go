package imports

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/ui"
	"winnow/store"
)

// suppressionList writes a list of opt-outs.
func suppressionList(keys ...string) string {
	return "contact,reason\n" + strings.Join(keys, ",opted_out\n") + ",opted_out\n"
}

// open lists the contacts among the keys that are suppressed.
func suppressedOf(im imported, keys ...string) (open []string) {
	for _, key := range keys {
		if im.open(key) == "opted_out" {
			open = append(open, key)
		}
	}
	return open
}

// However a list writes the key of a contact otherwise, no twin is created in silence.
func TestAnOptOutDoesNotGoToATwinInSilence(t *testing.T) {
	for known, spellings := range map[string][]string{
		"crm-1":           {"CRM-1", "Crm-1"},
		"ann@example.com": {"Ann@Example.com", "ANN@EXAMPLE.COM"},
		"1042":            {"1042.0", "1042,0", "01042", "001042.00"},
		"0042":            {"42", "042"},
		"905321110001":    {"+90 532 111 00 01", "0090 532 111 00 01"},
		"İnci":            {"inci", "ınci", "INCI"},
		"Ann B":           {"AnnB", "ann  b"},
	} {
		for _, spelling := range spellings {
			list := "contact;reason\n" + spelling + ";opted_out\n"
			a := newApp(t, known, "other")
			im := importList(t, a, list, Options{Apply: true})
			if im.err == nil || im.result.Held != 1 || im.open(known) != "" || im.open(spelling) != "unknown" ||
				!strings.Contains(im.err.Error(), "--nearest takes the contacts") || len(im.result.Samples) != 1 || !slices.Contains(im.result.Samples[0].Near, known) {
				t.Errorf("%q for %q: %v, %+v", spelling, known, im.err, im.result)
			}
			if im = importList(t, a, list, Options{Apply: true, Nearest: true}); im.err != nil || im.open(known) != "opted_out" || im.result.New != 0 {
				t.Errorf("%q for %q with --nearest: %v, %+v", spelling, known, im.err, im.result)
			}
			a = newApp(t, known, "other")
			if im = importList(t, a, list, Options{Apply: true, New: true}); im.err != nil || im.open(known) != "" || im.result.New != 1 {
				t.Errorf("%q for %q with --new: %v, %+v", spelling, known, im.err, im.result)
			}
		}
	}
	// What nobody sees is the same key.
	for _, spelling := range []string{"crm-1\u200b", " crm-1 ", "\ufeffcrm-1", "crm\u00ad-1", `="crm-1"`, "'=crm-1"} {
		im := importList(t, newApp(t, "crm-1", "=crm-1"), suppressionList(spelling), Options{Apply: true})
		if im.err != nil || im.result.Found != 1 || im.result.New != 0 {
			t.Errorf("%q: %v, %+v", spelling, im.err, im.result)
		}
	}
}

// Rows of one contact are counted as one, however many they are.
func TestAKeyIsCountedOnceHoweverManyRowsItHas(t *testing.T) {
	keys := slices.Concat(slices.Repeat([]string{"crm-1"}, 2*FlushLines), slices.Repeat([]string{"CRM-2", "other"}, 2*FlushLines))
	im := importList(t, newApp(t, "crm-1", "crm-2"), suppressionList(keys...), Options{Apply: true})
	if im.result.Total != 3 || im.result.Found != 1 || im.result.Nearly != 1 || im.result.foundResult.New != 1 || im.result.Held != 2 || im.result.Added != 1 || im.result.Repeated != 2*FlushLines-1 {
		t.Errorf("%v, %+v", im.err, im.result)
	}
}

// What is held back follows from the shares of keys that are nearly known and that are
// new, in a preview as with --apply, and whatever the order and repetition of the lines.
func TestKeysAreHeldBackByTheirShares(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for range 15 {
		n := [3]int{r.IntN(12), r.IntN(4), r.IntN(12)} // known, nearly, new
		o := Options{New: r.IntN(3) == 0, Nearest: r.IntN(3) == 0}
		var contacts, keys []string
		for i := range n[0] {
			contacts, keys = append(contacts, fmt.Sprint("crm-", i)), append(keys, fmt.Sprint("crm-", i))
		}
		for i := range n[1] {
			contacts, keys = append(contacts, fmt.Sprint("near-", i)), append(keys, fmt.Sprint("NEAR-", i))
		}
		for i := range n[2] {
			keys = append(keys, fmt.Sprint("new-", i))
		}
		if len(keys) == 0 {
			continue
		}
		if r.IntN(3) > 0 {
			contacts = append(contacts, "other")
		}
		for range r.IntN(3) {
			keys = append(keys, keys[r.IntN(len(keys))])
		}
		r.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
		total := n[0] + n[1] + n[2]
		manyNear, manyNew := n[1] > 0 && n[1]*10 >= total, len(contacts) > 0 && n[2]*2 > total
		held := 0
		if (manyNear || manyNew) && !o.New && !o.Nearest {
			held += n[1]
		}
		if !o.New && (manyNew || manyNear && !o.Nearest) {
			held += n[2]
		}
		a := newApp(t, contacts...)
		shown := importList(t, a, suppressionList(keys...), o)
		o.Apply = true
		im := importList(t, a, suppressionList(keys...), o)
		if (im.err != nil) != (held > 0) || im.result.Held != int64(held) || im.result.Found != int64(n[0]) || im.result.Nearly != int64(n[1]) || im.result.foundResult.New != int64(n[2]) {
			t.Fatalf("%v of %q with %+v: %v, %+v; want %d held", n, keys, o, im.err, im.result, held)
		}
		if shown.result.Added != im.result.Added || shown.result.Held != im.result.Held || im.result.Added != int64(total-held) {
			t.Errorf("%v: the preview adds %d, the import %d; want %d", n, shown.result.Added, im.result.Added, total-held)
		}
		for i := range n[0] {
			if key := fmt.Sprint("crm-", i); im.open(key) != "opted_out" {
				t.Errorf("%v with %+v: %s is %q, though its key matches exactly", n, o, key, im.open(key))
			}
		}
		for i := range n[1] {
			if is := im.open(fmt.Sprint("near-", i)) == "opted_out"; is != o.Nearest {
				t.Errorf("%v with %+v: near-%d is suppressed: %v", n, o, i, is)
			}
		}
	}
}

// phoneApp opens a store in which contacts have phone numbers.
func phoneApp(t *testing.T, phones map[string]string) *app.App {
	t.Helper()
	a := newApp(t)
	var list []store.Profile
	for key, phone := range phones {
		list = append(list, store.Profile{Key: key, HasPhone: true, Phone: phone})
	}
	if _, err := a.Store.SaveProfiles(list, 1); err != nil {
		t.Fatal(err)
	}
	return a
}

// A list of numbers suppresses everyone who has one of them, however it writes the number
// and calls the column.
func TestAListOfNumbersSuppressesEveryoneWhoHasThem(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		o    Options
	}{
		"named":          {"phone,reason\n0532 111 00 01,opted_out\n+905321110002,opted_out\n", Options{Region: "TR"}},
		"its own name":   {"Phone Number,reason\n00905321110001,opted_out\n+90 (532) 111-00-02,opted_out\n", Options{Key: "Phone Number", Region: "TR"}},
		"in contact":     {"contact,reason\n+905321110001,opted_out\n+905321110002,opted_out\n", Options{}},
		"without header": {"+905321110001\n+905321110002\n", Options{Reason: "opted_out"}},
		"ids beside":     {"contact,phone,reason\nx1,+905321110001,opted_out\nx2,+905321110002,opted_out\n", Options{}},
		"json":           {`[{"phone":905321110001,"reason":"opted_out"},{"phone":"+905321110002","reason":"opted_out"}]`, Options{Region: "TR"}},
		"numbers alone":  {`["+905321110001","+905321110002"]`, Options{Reason: "opted_out"}},
		"contact card":   {"phone,reason\n\u202a+90 532 111 00 01\u202c,opted_out\n+90\u2011532\u2011111\u201100\u201102,opted_out\n", Options{}},
		"twice":          {"phone,reason\n+905321110001,opted_out\n+905321110002,opted_out\n05321110001,opted_out\n", Options{Region: "TR"}},
	} {
		a := phoneApp(t, map[string]string{"ann": "+905321110001", "bob": "+905321110001", "carl": "+905321110002", "dora": "+905321110003"})
		c.o.By, c.o.Apply = "phone", true
		im := importList(t, a, c.text, c.o)
		if open := suppressedOf(im, "ann", "bob", "carl", "dora"); im.err != nil || !slices.Equal(open, []string{"ann", "bob", "carl"}) || im.result.Found != 2 || im.result.Contacts != 3 || im.result.New != 0 {
			t.Errorf("%s: suppressed %v, %v, %+v\n%s", name, open, im.err, im.result, im.stderr)
		}
	}
}

func TestANumberThatCannotBeReadIsNamed(t *testing.T) {
	a := phoneApp(t, map[string]string{"ann": "+905321110001"})
	im := importList(t, a, "phone,reason\n+905321110001,opted_out\n+90532111O001,opted_out\n,opted_out\n", Options{By: "phone", Apply: true})
	if im.err == nil || im.open("ann") != "opted_out" || im.result.Rejected != 2 ||
		!strings.Contains(im.stderr, `line 3 rejected: column "phone": not a phone number: character 10 is`) || !strings.Contains(im.stderr, `line 4 rejected: column "phone"`) {
		t.Errorf("%v, %+v\n%s", im.err, im.result, im.stderr)
	}
}

// A list of numbers is not read as keys in silence: the way out is --by phone.
func TestAListOfNumbersLeadsToByPhone(t *testing.T) {
	phones := map[string]string{"ann": "+905321110001", "bob": "+905321110002"}
	for text, want := range map[string]string{
		"phone,reason\n+905321110001,opted_out\n":                                  `the cells of "phone" are phone numbers: --by phone suppresses everyone`,
		"Phone Number,why\n+905321110001,x\n,y\n":                                  `--by phone --key 'Phone Number' suppresses everyone`,
		"id,Telefon,reason\n7,+905321110001,x\n8,no number,x\n9,+905321110002,x\n": `--by phone --key Telefon`,
		"+905321110001\n+905321110002\n":                                           "its first line is a phone number: --by phone",
		`{"msisdn":"+905321110001"}`:                                               `the cells of "msisdn" are phone numbers: --by phone --key msisdn`,
		"id,reason\n7,opted_out\n":                                                 `choose one of these with --key`,
	} {
		im := importList(t, phoneApp(t, phones), text, Options{Apply: true, OffersPhone: true, Reason: "opted_out"})
		if im.err == nil || !strings.Contains(im.err.Error(), want) || strings.Contains(im.err.Error(), "--key phone") {
			t.Errorf("%q: %v, want %q", text, im.err, want)
		}
	}
	// Also where the column is named all the same.
	im := importList(t, phoneApp(t, phones), "phone,reason\n+905321110001,opted_out\n+905321110009,opted_out\n", Options{Apply: true, OffersPhone: true, Key: "phone"})
	if im.err == nil || im.result.Held != 2 || !strings.Contains(im.err.Error(), "the keys of this list are phone numbers; --by phone takes everyone") {
		t.Errorf("%v, %+v", im.err, im.result)
	}
}

// A static list holds back keys that are probably written otherwise, as suppressions do.
func TestAListDoesNotGetATwinInSilence(t *testing.T) {
	a := newApp(t, "crm-1", "crm-2", "twin", "TWIN")
	add := func(o Options, keys ...string) (addedResult, error) {
		var out bytes.Buffer
		o.File, o.Stdin, o.Now = "-", strings.NewReader("contact\n"+strings.Join(keys, "\n")+"\n"), func() time.Time { return importing }
		err := ChangeList(t.Context(), ui.NewPrinter(&out, &bytes.Buffer{}, true), a, "staff", true, o)
		var r addedResult
		if out.Len() > 0 {
			if err := json.Unmarshal(out.Bytes(), &r); err != nil {
				t.Fatal(err)
			}
		}
		return r, err
	}
	if r, err := add(Options{}, "crm-1", "CRM-2", "crm-9"); err == nil || r.Changed != 1 || r.Held != 2 {
		t.Errorf("%+v, %v", r, err)
	}
	if r, err := add(Options{Nearest: true}, "CRM-2", "Twin"); err == nil || !strings.Contains(err.Error(), "nearly that of several contacts") || r.Changed != 1 || r.Held != 1 {
		t.Errorf("with --nearest: %+v, %v", r, err)
	}
	if r, err := add(Options{New: true}, "crm-9", "CRM-1"); err != nil || r.Changed != 2 || r.listResult.New != 2 {
		t.Errorf("with --new: %+v, %v", r, err)
	}
}

// A number that nobody has is kept: it holds for the contacts that get it, and is shown the same in
// a preview.
func TestANumberThatNobodyHasHoldsForThoseWhoGetIt(t *testing.T) {
	for reason, want := range map[string]string{"opted_out": "opted_out", "deactivated": "deactivated", "dormant": "dormant"} {
		a := phoneApp(t, map[string]string{"ann": "+905321110001"})
		list := "phone,reason,until\n+905321110001," + reason + ",\n+905321110002," + reason + ",\n+905321110003," + reason + ",2999-01-01\n"
		shown := importList(t, a, list, Options{By: "phone"})
		im := importList(t, a, list, Options{By: "phone", Apply: true})
		if im.err != nil || im.result.Total != 3 || im.result.Found != 1 || im.result.foundResult.New != 2 || im.result.New != 0 || im.result.Held != 0 || im.result.Added != 3 {
			t.Errorf("%s: %v, %+v", reason, im.err, im.result)
		}
		if shown.result.Added != 3 || shown.result.Found != 1 || im.open("ann") != want || im.open("bob") != "unknown" {
			t.Errorf("%s: the preview has %+v; ann is %q", reason, shown.result, im.open("ann"))
		}
		_, err := a.Store.SaveProfiles([]store.Profile{{Key: "bob", HasPhone: true, Phone: "+905321110002"}, {Key: "carl", HasPhone: true, Phone: "+905321110003"}, {Key: "dora", HasPhone: true, Phone: "+905321110004"}}, hygiene.Instant(importing.UnixMicro()))
		if err != nil {
			t.Fatal(err)
		}
		if im.open("bob") != want || im.open("carl") != want+"@2999-01-01" || im.open("dora") != "" {
			t.Errorf("%s: bob has %q, carl %q, dora %q", reason, im.open("bob"), im.open("carl"), im.open("dora"))
		}
		if again := importList(t, a, list, Options{By: "phone", Apply: true}); again.err != nil || again.result.Added != 0 || again.result.Unchanged != 3 {
			t.Errorf("%s again: %v, %+v", reason, again.err, again.result)
		}
	}
}
