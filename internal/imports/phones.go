package imports

import (
	"fmt"
	"strings"

	"winnow/hygiene/contactkey"
	"winnow/internal/listfile"
	"winnow/internal/ui"
)

// isPhone reports whether a text is a phone number.
func isPhone(text, region string) bool {
	_, err := contactkey.ParsePhone(text, region)
	return err == nil
}

// maxSniffed is how many rows are looked at for a column with phone numbers.
const maxSniffed = 50

// phoneHint advises on --by phone for a list whose contacts are not found: the column in
// which most cells are phone numbers. It reads rows of the list, which is not imported.
func phoneHint(list *listfile.Reader, region string) string {
	names := list.Names()
	if len(names) == 1 && isPhone(names[0], region) {
		return "its first line is a phone number: --by phone suppresses everyone who has one of its numbers"
	}
	phones, cells := make([]int, len(names)), make([]int, len(names))
	for range maxSniffed {
		row, err := list.Next()
		if err != nil {
			break
		}
		for i := range names {
			if text := row.Cell(i).Text; text != "" {
				if cells[i]++; isPhone(text, region) {
					phones[i]++
				}
			}
		}
	}
	best := -1
	for i := range names {
		if 2*phones[i] > cells[i] && (best < 0 || phones[i] > phones[best]) {
			best = i
		}
	}
	if best < 0 {
		return ""
	}
	key := ""
	if !listfile.IsColumn(names[best], "phone") {
		key = " --key " + ui.ShellQuote(names[best])
	}
	return strings.TrimSpace(fmt.Sprintf("the cells of %q are phone numbers: --by phone%s suppresses everyone who has one of them", names[best], key))
}
