package explain

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/ui"
)

// NotFound is the error that says that no contact of that key is known, and what may have been meant.
func NotFound(a *app.App, given, key string) error {
	text := fmt.Sprintf("no contact %q is known", key)
	if key != strings.TrimSpace(given) {
		text = fmt.Sprintf("no contact %q is known, which is how %q is written in full", key, given)
	}
	text += ": nothing happened to it yet, or its events are unmatched or not swept; winnow status counts both"
	near, err := suggest(a, key)
	if err != nil {
		return err
	}
	if near != "" {
		text += "; " + near
	}
	return errors.New(text)
}

// suggest says what the text may be instead of a contact's key: another way to
// write one, a phone number where keys are none, or the id of a message.
func suggest(a *app.App, key string) (string, error) {
	for _, spelling := range spellings(key) {
		if _, ok, err := a.Store.Contact(spelling); err != nil || ok {
			return fmt.Sprintf("there is %q: %s", spelling, ui.CommandLine("winnow explain", spelling, "")), err
		}
	}
	contact, n, err := a.Store.Message(key)
	switch {
	case err != nil:
		return "", err
	case contact != "":
		return fmt.Sprintf("it is the id of a message for %q: %s", contact, ui.CommandLine("winnow explain", contact, "")), nil
	case n > 0:
		return fmt.Sprintf("it is the id of a message of which %s unmatched: register whom it was for with winnow import messages FILE", ui.CountVerb(n, "event", "is", "are")), nil
	}
	if _, err := hygiene.ParsePhone(key, ""); err == nil && !a.Config.Keys.Phone {
		return "it is a phone number, and contacts are told apart by the key that the CRM gives them: ask by that", nil
	}
	return "", nil
}

// spellings are other ways in which people write the same key, each looked up
// by itself.
func spellings(key string) []string {
	bare := strings.NewReplacer(" ", "", "-", "", "(", "", ")", "").Replace(key)
	list := []string{strings.ToLower(key), strings.ToUpper(key), bare, "+" + bare, strings.TrimPrefix(bare, "+"),
		"+" + strings.TrimPrefix(bare, "00")}
	slices.Sort(list)
	return slices.DeleteFunc(slices.Compact(list), func(s string) bool { return s == key || s == "" || s == "+" })
}
