package command

import (
	"winnow/internal/app"
	"winnow/internal/imports"
	"winnow/internal/reconcile"
)

// reconcileCommand compares the suppression list of another system with winnow's own.
type reconcileCommand struct {
	suppressionList `embed:""`
	profileFlag     `embed:""`
	Output          string `short:"o" default:"." placeholder:"DIR" help:"Write theirs.csv, ours.csv and differ.csv to this folder (default: .)."`
	Apply           bool   `help:"Import the list after comparing (default: compare and preview only)."`
}

// Help says what is compared, and what the files have.
func (reconcileCommand) Help() string {
	return `The list is read as winnow import suppressions reads it: the same columns, flags and formats of other systems. Three
files are written:

  theirs.csv   who is on the list and is not suppressed here
  ours.csv     who is suppressed here and is not on the list, with the phone number
  differ.csv   who is on both for other reasons or until another time: as the list says it, and our_reasons, our_until

A row is one suppression, so that each file can be imported with winnow import suppressions. Times are compared to the
second; of several suppressions for one reason the longest counts. With --by phone numbers are compared: those of
suppressed contacts, and suppressed numbers that nobody has.

With --apply the whole list is imported after that, exactly as winnow import suppressions --apply does it: nothing is
lifted or shortened, keys that are probably written otherwise are held back until --nearest or --new says what is meant,
and it is one batch, which winnow undo lifts. Differences alone are not a failure: the exit status is 1 when lines were
rejected or contacts held back.

Events that wait for a sweep are not taken into account. The files appear when they are complete.`
}

// Run compares the lists.
func (x reconcileCommand) Run(c *invocation) error {
	profile, err := x.forWhom(true, "")
	if err != nil {
		return err
	}
	return x.read(c, x.Apply, func(a *app.App, o imports.Options) error {
		return reconcile.Run(c.ctx, c.Printer, a, reconcile.Options{Options: o, Folder: x.Output, Profile: profile})
	})
}
