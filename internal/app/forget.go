package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"winnow/hygiene"
	"winnow/internal/ui"
	"winnow/segments"
	"winnow/segments/destination/local"
	"winnow/store"
	"winnow/store/erasure"
)

// readersWait is how long forgetting waits for somebody who reads the store.
const readersWait = 30 * time.Second

// NameToForget returns what a text names that is to be forgotten. A phone number names the
// contact that has it, and the number alone if nobody has it. One that several contacts
// have, or that a contact had before, names nobody.
func (o *Operations) NameToForget(text string) (of store.Subjects, err error) {
	of, err = o.Name(text)
	if err != nil || len(of.Phones) == 0 || len(of.Keys) > 0 {
		of.Phones = nil
		return of, err
	}
	var have []string
	err = o.Store.FindContactsByPhone(of.Phones, func(_ int, c *hygiene.Contact) { have = append(have, c.Key) })
	slices.Sort(have)
	switch have = slices.Compact(have); {
	case err != nil:
		return of, err
	case len(have) > 1:
		return of, fmt.Errorf("%s is the phone number of %s; name the contact to forget by its key", of.Phones[0], ui.JoinFirst(have, 5))
	case len(have) == 1:
		return store.Subjects{Keys: have}, nil
	}
	return of, nil
}

// Forget forgets persons: all of them, or none if one is not known or may not be forgotten.
// exports says that their rows are erased from the files of kept runs too. Requests that
// wait together are done together.
func (o *Operations) Forget(ctx context.Context, of store.Subjects, exports bool, now hygiene.Instant) (did erasure.Counts, err error) {
	if err := o.AskToForget(of, exports, now); err != nil {
		return did, err
	}
	return o.FinishForgetting(ctx, now)
}

// AskToForget asks that persons be forgotten, by the next sweep at the latest.
func (o *Operations) AskToForget(of store.Subjects, exports bool, now hygiene.Instant) error {
	if err := o.SavePolicy(now); err != nil {
		return err
	}
	return o.Store.AskToForget(of, exports, now)
}

// FinishForgetting forgets all who were asked for, and finishes what was interrupted.
func (o *Operations) FinishForgetting(ctx context.Context, now hygiene.Instant) (did erasure.Counts, err error) {
	has, err := o.Store.HasErasures()
	if err != nil || !has {
		return did, err
	}
	err = o.Exclusive(ctx, func() (err error) {
		if did, err = o.eraseBegun(ctx, now); err != nil {
			return err
		}
		if _, err := o.sweep(ctx, now); err != nil {
			return err
		}
		more, err := o.Store.Forget(ctx, o.forgetOptions(now))
		did = did.Plus(more)
		return err
	})
	return did, err
}

// PreviewForgetting counts what forgetting would erase.
func (o *Operations) PreviewForgetting(ctx context.Context, of store.Subjects, now hygiene.Instant) (erasure.Counts, error) {
	return o.Store.PreviewForgetting(ctx, of, o.forgetOptions(now))
}

// eraseBegun erases what is left of persons who were deleted: an event of theirs would make
// them anew. A reader who is in the way only keeps what was read already.
func (o *Operations) eraseBegun(ctx context.Context, now hygiene.Instant) (did erasure.Counts, err error) {
	has, err := o.Store.HasErasures()
	if err != nil || !has {
		return did, err
	}
	return o.Store.FinishForgetting(ctx, o.forgetOptions(now))
}

// forgetAsked forgets those who were asked for, after a sweep.
func (o *Operations) forgetAsked(ctx context.Context, now hygiene.Instant) error {
	list, err := o.Store.Erasures()
	if err != nil || !slices.ContainsFunc(list, func(p erasure.Pending) bool { return !p.Begun }) {
		return err
	}
	if _, err = o.Store.Forget(ctx, o.forgetOptions(now)); errors.Is(err, erasure.ErrReader) || errors.Is(err, erasure.ErrFiles) {
		return nil // the next sweep tries again
	}
	return err
}

func (o *Operations) forgetOptions(now hygiene.Instant) store.ForgetOptions {
	f := store.ForgetOptions{Policy: o.Config.Policy, Keys: o.Config.Keys, Now: now, Progress: o.Progress, Wait: readersWait}
	f.Files = func(ctx context.Context, n *erasure.Names, list []erasure.Pending, preview bool, did *erasure.Counts) error {
		x := fileEraser{Operations: o, names: n, preview: preview, did: did, of: &segments.Erasing{Names: n.Texts(), IsName: n.IsCell}}
		exports := slices.ContainsFunc(list, func(p erasure.Pending) bool { return p.Exports })
		if err := errors.Join(x.members(), x.outbox(ctx), x.exports(ctx, exports)); err != nil {
			return fmt.Errorf("%w: %w", erasure.ErrFiles, err)
		}
		return nil
	}
	return f
}

// fileEraser erases persons from files.
type fileEraser struct {
	*Operations
	names   *erasure.Names
	of      *segments.Erasing
	preview bool
	did     *erasure.Counts
}

func (x *fileEraser) isKey(key string) bool { return x.names.OfKey(key) != 0 }

// members writes lists of members anew.
func (x *fileEraser) members() error {
	lists := x.Store.Members()
	list, err := lists.List()
	for _, name := range list {
		if err != nil {
			return err
		}
		var found bool
		from, openErr := lists.Open(name)
		if err = openErr; err != nil {
			return err
		}
		if found, err = segments.HasMember(from, name.Export, name.Run, name.Segment, x.isKey); err != nil {
			x.did.Members++
			if err = nil; !x.preview { // a damaged list is of no use
				err = lists.Remove(name)
			}
			continue
		}
		if !found {
			continue
		}
		if x.did.Members++; x.preview {
			continue
		}
		if from, err = lists.Open(name); err != nil {
			return err
		}
		to, replaceErr := lists.Replace(name)
		if replaceErr != nil {
			return errors.Join(replaceErr, from.Close())
		}
		err = segments.EraseMembers(from, to, name.Export, name.Run, name.Segment, x.isKey)
	}
	return err
}

// outbox writes runs anew that wait for a remote.
func (x *fileEraser) outbox(ctx context.Context) error {
	folder := local.Folder(x.Store.Folder("outbox"))
	entries, err := os.ReadDir(string(folder))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		if err == nil && segments.IsExportName(e.Name()) {
			err = x.runs(ctx, folder, e.Name(), func(run string) error {
				x.did.Outbox++
				return x.rewrite(folder, e.Name(), run)
			})
		}
	}
	return err
}

// exports writes kept runs anew, or names those that have a person, and the remotes that
// may have copies.
func (x *fileEraser) exports(ctx context.Context, rewrite bool) error {
	var errs []error
	for _, e := range x.Config.Exports {
		folders, remotes := local.Split(e.To)
		found := false
		for _, folder := range folders {
			errs = append(errs, x.runs(ctx, folder, e.Name, func(run string) error {
				found = true
				if !rewrite {
					x.did.Left = append(x.did.Left, filepath.Join(string(folder), e.Name, run))
					return nil
				}
				x.did.Runs++
				return x.rewrite(folder, e.Name, run)
			}))
		}
		for _, r := range remotes {
			if found || len(folders) == 0 {
				x.did.Remotes = append(x.did.Remotes, r.String())
			}
		}
	}
	return errors.Join(errs...)
}

// runs visits the runs of an export that have rows to erase.
func (x *fileEraser) runs(ctx context.Context, folder local.Folder, export string, visit func(run string) error) error {
	runs, err := folder.Runs(export)
	for _, run := range runs {
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		found := false
		err = folder.Read(export, run, func(from fs.FS) (err error) {
			found, err = x.of.HasRows(from, export, run)
			return err
		})
		if err == nil && found {
			err = visit(run)
		}
	}
	return err
}

func (x *fileEraser) rewrite(folder local.Folder, export, run string) error {
	if x.preview {
		return nil
	}
	return folder.Rewrite(export, run, func(from fs.FS, create func(string) (segments.DraftFile, error)) error {
		return x.of.Rewrite(from, export, run, create)
	})
}
