package unmatched

import (
	"fmt"
	"slices"
	"strings"

	"winnow/internal/ui"
)

// Sentence says how many events name no contact, and what their bodies have instead.
func (f *Finding) Sentence() string {
	of := fmt.Sprintf("%s of %s", ui.Number(f.Unmatched), ui.Count(f.Events, "event"))
	if !f.Whole {
		of = fmt.Sprintf("%s of the latest %s", ui.Number(f.Unmatched), ui.Count(f.Events, "event"))
	}
	of += " of " + f.Source
	verb, have, are := "have", "they have", "are"
	if f.Unmatched == 1 {
		verb, have, are = "has", "it has", "is"
	}
	switch {
	case f.usable > 0:
		return fmt.Sprintf("%s %s unmatched, and %s a contact in %s, as the config reads them now", of, are, ui.CountVerb(f.usable, "", "has", "have"), f.Path)
	case f.atPath():
		example := "it is empty, null, true or false"
		if f.example != "" {
			example = fmt.Sprintf("for example %q: %v", ui.Shorten(f.example, 60), f.flaw)
		}
		return fmt.Sprintf("%s %s no usable contact in %s: %s", of, verb, f.Path, example)
	}
	text := fmt.Sprintf("%s %s no %s", of, verb, f.Path)
	if f.unusable > 0 {
		text = fmt.Sprintf("%s %s no contact in %s, and nothing at all there but in %s", of, verb, f.Path, ui.Number(f.unusable))
	}
	fields, meant := f.senderFields(), f.Meant()
	switch {
	case meant != "":
		return text + fmt.Sprintf("; %s %s. Is %q meant?", have, meant, "contact: "+meant)
	case len(fields) > 0:
		return text + "; " + have + " " + ui.JoinFirst(fields, 5)
	}
	return text + ", and nothing else that could name a contact"
}

// Meant is the path that the config probably should have; empty when none fits.
func (f *Finding) Meant() string {
	if f.usable > 0 || f.atPath() {
		return ""
	}
	name := lastStep(f.Path)
	fields := f.senderFields()
	for _, same := range []func(string) bool{
		func(path string) bool { return lastStep(path) == name },
		func(path string) bool { return plain(lastStep(path)) == plain(name) },
	} {
		if i := slices.IndexFunc(fields, same); i >= 0 {
			return fields[i]
		}
	}
	return ""
}

// Advice is what to do about it.
func (f *Finding) Advice(flag string) string {
	again := fmt.Sprintf("winnow unmatched%[1]s --send-log | winnow import messages%[1]s -", flag)
	switch {
	case f.usable > 0:
		return "to match those: " + again
	case f.Meant() != "":
		return fmt.Sprintf("correct contact of the source %s in the config; then match the stored events: %s", f.Source, again)
	}
	sender := f.sender
	if sender != "" {
		sender = " in " + sender
	}
	return fmt.Sprintf("let the sender attach the contact%s, name its field under contact of the source %s, or register the messages: winnow import messages%s FILE", sender, f.Source, flag)
}

// atPath reports whether most of the unmatched events have something at the path. A few
// that have must not hide what the others lack.
func (f *Finding) atPath() bool { return 2*(f.usable+f.unusable) > f.Unmatched }

// senderFields are the fields that senders filled, which most of the unmatched events
// have; those with most values first, as the keys of contacts differ.
func (f *Finding) senderFields() []string {
	sender := f.sender
	var paths []string
	for path, c := range f.fields {
		if (sender == "" || strings.HasPrefix(path, sender+".")) && 2*c.events > f.Unmatched {
			paths = append(paths, path)
		}
	}
	slices.SortFunc(paths, func(a, b string) int {
		if more := len(f.fields[b].values) - len(f.fields[a].values); more != 0 {
			return more
		}
		return strings.Compare(a, b)
	})
	return paths
}

func lastStep(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }

// plain is a name without what differs between spellings: contactId, Contact-ID.
func plain(name string) string {
	return strings.NewReplacer("_", "", "-", "").Replace(strings.ToLower(name))
}
