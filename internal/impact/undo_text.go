package impact

import (
	"fmt"

	"winnow/internal/app"
	"winnow/internal/ui"
)

// Print prints the result, and how to apply or undo it.
func (u *UndoResult) Print(out *ui.Printer, path string) error {
	u.effect.sortRules()
	if out.JSON {
		return out.PrintJSON(u)
	}
	fmt.Fprintln(out.Stdout, u.summary())
	if text := app.PrunedText(u.Pruned); text != "" {
		fmt.Fprintln(out.Stdout, text)
	}
	if u.Contacts+u.Unowned > 0 {
		u.effect.print(out.Stdout, u.notSuppressed)
		fmt.Fprintln(out.Stdout)
	}
	if u.Unswept > 0 {
		fmt.Fprintln(out.Stdout, unsweptNote(u.Unswept))
	}
	if u.Applied {
		return app.PrintUndoCommand(out.Stdout, u.Batch, path)
	}
	if u.Contacts+u.Unowned+u.Unswept == 0 && !u.merges {
		return nil
	}
	command := u.command
	if reasons, n := u.Unnamed(); n > 0 && u.Undoes != 0 {
		of := " of " + ui.Count(n, "contact")
		if len(reasons) > 1 { // a contact may have both
			of = ""
		}
		fmt.Fprintf(out.Stdout, "it lifts %s%s: this must be named\n", ui.AndList(reasons), of)
		command += reasonFlag(reasons...)
	}
	_, err := fmt.Fprintf(out.Stdout, "nothing was changed; to apply this: %s --apply\n", command)
	return err
}

func (u *UndoResult) summary() string {
	switch {
	case u.Contacts == 0 && u.merges && !u.Applied:
		return "undo of " + u.About + ": affects keys of contacts that are not known yet"
	case u.Contacts+u.Unowned == 0 && u.Applied && u.Batch == 0:
		return "undo of " + u.About + ": no contacts are affected any more; nothing was changed"
	case u.Contacts+u.Unowned == 0 && u.Applied && u.Undoes == 0:
		return "undo of " + u.About + ": no contacts are affected yet; such events without a known contact will not count once it is known"
	case u.Contacts+u.Unowned == 0 && !u.Applied:
		return "undo of " + u.About + ": no contacts are affected"
	case u.Applied:
		return fmt.Sprintf("undid %s: %s, %s released, %s in the ledger", u.About, u.subjects(), ui.Number(u.Released), ui.Count(u.Changes, "change"))
	}
	return fmt.Sprintf("undo of %s: affects %s and would release %s", u.About, u.subjects(), ui.Number(u.Released))
}

// subjects counts the contacts, and the numbers that no contact has.
func (u *UndoResult) subjects() string {
	text := ui.Count(u.Contacts, "contact")
	if u.Unowned > 0 {
		text += " and " + ui.Count(u.Unowned, "phone number") + " without a contact"
	}
	return text
}

// Order lists what happens to the suppressions of each rule in Rules, those with the most
// first.
func (u *UndoResult) Order() { u.effect.sortRules() }

// EachEffect calls visit for each number of the result that is not 0, with its name, what
// it means, and some of the keys.
func (u *UndoResult) EachEffect(visit func(name string, n int64, meaning string, sample ui.Sample)) {
	u.effect.each(u.notSuppressed, visit)
}
