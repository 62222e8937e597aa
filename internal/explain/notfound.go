package explain

import (
	"errors"
	"fmt"
	"strings"

	"winnow/hygiene/contactkey"
	"winnow/internal/app"
	"winnow/internal/ui"
)

// notFound is the error for a key that no contact has. given is what the user
// typed, key its normalized form. The error suggests what may have been meant.
func notFound(a *app.App, given, key string) error {
	text := fmt.Sprintf("unknown contact %q", key)
	if key != strings.TrimSpace(given) {
		text += fmt.Sprintf(" (normalized from %q)", given)
	}
	text += ": it has no events yet, or they are unmatched or not swept; winnow status counts both"
	hint, err := suggest(a, key)
	if err != nil {
		return err
	}
	if hint != "" {
		text += "; " + hint
	}
	return errors.New(text)
}

// suggest says what the text may be instead of a contact's key: another spelling
// of one, the ID of a message, or a phone number where keys are not phone numbers.
// It is empty when nothing fits.
func suggest(a *app.App, key string) (string, error) {
	hint := ""
	err := a.Store.FindNearlyKnown([]string{key}, a.Config.Keys, func(_ int, near []string) {
		hint = fmt.Sprintf("%q exists: %s", near[0], ui.CommandLine("winnow explain", near[0], ""))
	})
	if err != nil || hint != "" {
		return hint, err
	}
	var sources []string
	for i := range a.Config.Sources {
		sources = append(sources, a.Config.Sources[i].Name)
	}
	contact, unmatched, err := a.Store.Message(sources, key)
	switch {
	case err != nil:
		return "", err
	case contact != "":
		return fmt.Sprintf("%q is the ID of a message to %q: %s", key, contact, ui.CommandLine("winnow explain", contact, "")), nil
	case unmatched > 0:
		return fmt.Sprintf("%q is the ID of a message with %s; register its contact with winnow import messages FILE", key, ui.Count(unmatched, "unmatched event")), nil
	}
	if _, err := contactkey.ParsePhone(key, ""); err == nil && !a.Config.Keys.Phone {
		return fmt.Sprintf("no contact has the phone number %q, which winnow import contacts or the send log would say", key), nil
	}
	return "", nil
}
