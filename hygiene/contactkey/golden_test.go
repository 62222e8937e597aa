package contactkey

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf8"
)

var writeGolden = flag.Bool("golden", false, "write what the spellings become, for a new Version")

// goldenSpellings are texts of every sort that the ways of writing a key differ by.
var goldenSpellings = []string{
	"", " ", "crm-1", "CRM-1", "Crm  -1", "ｃｒｍ-１", "crm-1\u200b", "crm\ufe0f-1", "0crm-1", "crm\u2800-1", "cr\u00adm-1", "crm\u2010" + "1", "crm\u22121",
	"1042", "01042", "1042.0", "1042,00", "1042.50", "00001042", "１０４２", "1 042", "٠٠١", "१०४२", "0", "00", "0.0", "-0", ".0", "1.0.0",
	"+905551234567", "+90 555 123 45 67", "+90 (555) 123-45-67", "(+90)555 123 45 67", "tel:+905551234567", "TEL:905551234567", "00905551234567", "0555 123 45 67",
	"555/123.45.67", "+1042", "1-23", "12-3", "555-1234", "1234567890123456789", "＋905551234567", "5551234567x1",
	"Dİ", "DI", "dı", "di", "i\u0307", "Straße", "STRASSE", "ΣΑΣ", "ας", "ſ", "ﬀ", "K", "Å", "A\u030a", "é", "e\u0301", "Ǆ", "ǅ", "Ünal Şahin", "한국어", "\u1112\u1161\u11ab",
	"ann@example.com", "Ann@Example.COM", "ann lee", "ann\tlee", "ann\u00a0lee", "ann\u3000lee\r\n", "\ufeffann", "\u202aann\u202c", "ann\u0000", "ann\u007f", "a.b", "a,b", "ॐ नमः", "👩‍👩‍👧", "\xff",
	"{{contact.id}}", "undefined", "N/A", "-", "a\u034fb", "\u115f1", "x\U000e0041", "٤٢", "½", "①", "㎏", "Ⅷ",
}

// goldenOf is what the spellings, and all characters, become.
func goldenOf() []byte {
	var b bytes.Buffer
	normal := func(f Format, text string) string {
		key, err := f.Normalize(text)
		if err != nil {
			return "refused"
		}
		return fmt.Sprintf("%+q", key)
	}
	for _, text := range goldenSpellings {
		fmt.Fprintf(&b, "%+q loose %+q key %s folded %s\n", text, Loose(text), normal(Format{}, text), normal(Format{Fold: true}, text))
	}
	sum := sha256.New()
	var text strings.Builder
	for r := rune(1); r < 0x20000; r++ { // with scripts and symbols, without the further ideographs
		if utf8.ValidRune(r) {
			text.WriteString("q" + string(r))
		}
		if r%256 == 255 {
			fmt.Fprintln(sum, Loose(text.String()))
			text.Reset()
		}
	}
	fmt.Fprintf(&b, "all characters loose %x\n", sum.Sum(nil))
	return b.Bytes()
}

// Stores index keys by their loose form, and keep keys as they were normalized. A store
// is looked through again when Version is another, and only then.
func TestWhatKeysBecomeChangesOnlyWithTheVersion(t *testing.T) {
	name := fmt.Sprintf("testdata/spellings-%d.txt", Version)
	got := goldenOf()
	want, err := os.ReadFile(name)
	if os.IsNotExist(err) && *writeGolden {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if err != nil {
		t.Fatalf("%v; for a new Version, run this test with -golden, and delete the file of the one before", err)
	}
	if bytes.Equal(got, want) {
		return
	}
	is, was := bytes.Split(got, []byte("\n")), bytes.Split(want, []byte("\n"))
	for i := range is {
		if i >= len(was) || !bytes.Equal(is[i], was[i]) {
			t.Errorf("it is now %s", is[i])
		}
		if i < len(was) && !bytes.Equal(is[i], was[i]) {
			t.Errorf("it was    %s", was[i])
		}
	}
	t.Error("keys of stores become others: raise Version, so that stores are looked through, and run this test with -golden; a new spelling alone is added to the file with the line that it has here")
}
