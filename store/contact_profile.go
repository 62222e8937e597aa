package store

import (
	"errors"
	"slices"
	"strings"

	"winnow/hygiene"
)

// Profile is what an import says about a contact. What it leaves out stays.
type Profile struct {
	Key      string
	HasPhone bool   // else the phone number stays
	Phone    string // E.164; empty takes none away
	// Attributes are sorted by name. One whose value is empty text is removed.
	Attributes hygiene.Attributes
}

// ProfileEffect is what an import did to a contact.
type ProfileEffect uint8

// The effects.
const (
	ProfileUnchanged ProfileEffect = iota
	ProfileUpdated
	ProfileNew // it was created
)

// ProfilesKept is of how many profiles of a list, the first that change something, it is returned
// what was known before and after: enough for a sample.
const ProfilesKept = 64

// ProfileChange is what a profile changed about a contact: what was known before, and
// what is known after. Before and After are those of the first [ProfilesKept] changes.
type ProfileChange struct {
	ProfileEffect
	PhoneBefore, Phone string
	Before, After      hygiene.Attributes
}

// SaveProfiles writes what an import says of contacts, who have their numbers from the
// time at on, and returns what it
// changed, profile by profile. A contact that is not known is created. It is one
// transaction: give it some ten thousand at a time.
func (s *Store) SaveProfiles(list []Profile, at hygiene.Instant) (revisions []ProfileChange, err error) {
	err = s.writeAs(nil, func(w *txWriter) (err error) {
		revisions, err = w.saveProfiles(list, at)
		return err
	})
	return revisions, err
}

// PreviewProfiles returns what SaveProfiles would change: it does it, and rolls
// back.
func (s *Store) PreviewProfiles(list []Profile, at hygiene.Instant) (revisions []ProfileChange, err error) {
	err = s.writeAs(nil, func(w *txWriter) (err error) {
		if revisions, err = w.saveProfiles(list, at); err != nil {
			return err
		}
		return errPreview
	})
	return revisions, ignorePreview(err)
}

// errPreview rolls back what was only done to see what it does.
var errPreview = errors.New("this was a preview")

func ignorePreview(err error) error {
	if errors.Is(err, errPreview) {
		return nil
	}
	return err
}

// profileImport is profiles that are being saved. They are taken in the order of their keys, so
// that neighbours share pages.
type profileImport struct {
	*txWriter
	list    []Profile
	at      hygiene.Instant
	changes []ProfileChange
	kept    []int // the places of changes whose Before and After are kept
}

func (w *txWriter) saveProfiles(list []Profile, at hygiene.Instant) ([]ProfileChange, error) {
	im := &profileImport{txWriter: w, list: list, at: at, changes: make([]ProfileChange, len(list))}
	order := make([]int, len(list))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return strings.Compare(list[a].Key, list[b].Key) })
	rows := newRows(min(len(list), chunkSize))
	for len(order) > 0 {
		var first, more []int // the lines of different contacts; further lines of theirs
		for len(order) > 0 && len(first) < chunkSize {
			i := order[0]
			if n := len(first); n > 0 && list[first[n-1]].Key == list[i].Key {
				more = append(more, i)
			} else {
				first = append(first, i)
			}
			order = order[1:]
		}
		if err := im.save(first, rows[:len(first)]); err != nil {
			return nil, err
		}
		for _, i := range more {
			if err := im.save([]int{i}, rows[:1]); err != nil {
				return nil, err
			}
		}
	}
	im.drop(min(len(im.kept), ProfilesKept))
	return im.changes, nil
}

// save saves some profiles, of different contacts, whose places these are. It uses as many
// rows.
func (im *profileImport) save(places []int, rows []*contactRow) error {
	keys := make([]string, len(places))
	for n, i := range places {
		keys[n] = im.list[i].Key
	}
	if err := loadRows(im.txWriter, keys, rows); err != nil {
		return err
	}
	var fresh []*contactRow
	for n, i := range places {
		if _, named, err := im.rootOf(keys[n]); err != nil || named {
			if err == nil {
				err = im.reviseNamed(rows[n], &im.list[i], im.at, &im.changes[i])
			}
			if err != nil {
				return err
			}
			im.keep(i)
			continue
		}
		isNew, err := im.revise(rows[n], &im.list[i], &im.changes[i])
		if err != nil {
			return err
		}
		if isNew {
			rows[n].pack()
			fresh = append(fresh, rows[n])
		}
		im.keep(i)
	}
	err := im.savePacked(fresh, make([][]hygiene.Change, len(fresh)))
	for _, k := range fresh {
		if err == nil {
			err = im.waitIfNew(k, []*contactRow{k}, false)
		}
	}
	return err
}

// revise makes of a row, which is packed, what the profile says. A new contact is to be saved
// by the caller.
func (im *profileImport) revise(k *contactRow, said *Profile, r *ProfileChange) (isNew bool, err error) {
	if err := k.unpackAttributes(); err != nil {
		return false, err
	}
	r.Before, r.PhoneBefore, r.Phone = k.Attributes, k.Phone, k.Phone
	if said.HasPhone && said.Phone != "" {
		r.Phone = said.Phone
	}
	changed := false
	r.After, changed = r.Before.Merge(said.Attributes)
	k.Attributes = r.After
	switch {
	case k.stored.ID == 0:
		k.Phone, r.ProfileEffect = r.Phone, ProfileNew
		return true, nil
	case changed || r.Phone != r.PhoneBefore || r.Phone != "" && said.Phone != "" && hygiene.HasNumbers(k.stored.Facts):
		if changed || r.Phone != r.PhoneBefore {
			r.ProfileEffect = ProfileUpdated
		}
		if said.HasPhone && said.Phone != "" {
			if err := im.setNumber(k, func(c *hygiene.Contact) bool { return c.TakeNumber(r.Phone, im.at) }); err != nil {
				return false, err
			}
		}
		return false, im.saveProfile(k)
	}
	return false, nil
}

// keep keeps what was and is known of a contact that changed, if that is one of the first.
func (im *profileImport) keep(place int) {
	if im.changes[place].ProfileEffect == ProfileUnchanged {
		im.changes[place].Before, im.changes[place].After = nil, nil
		return
	}
	if im.kept = append(im.kept, place); len(im.kept) >= 2*ProfilesKept {
		im.drop(ProfilesKept)
	}
}

// drop leaves what is kept of so many changes, the first ones.
func (im *profileImport) drop(leave int) {
	slices.Sort(im.kept)
	for _, i := range im.kept[leave:] {
		im.changes[i].Before, im.changes[i].After = nil, nil
	}
	im.kept = im.kept[:leave]
}

// reviseNamed is reviseProfile for a key of a merged contact.
func (w *txWriter) reviseNamed(k *contactRow, said *Profile, at hygiene.Instant, r *ProfileChange) error {
	if err := w.claimName(said.Key); err != nil {
		return err
	}
	if err := k.load(w, said.Key); err != nil {
		return err
	}
	r.Before, r.PhoneBefore = k.Attributes, k.Phone
	changed, err := w.reviseName(k, said.Key, func(part *hygiene.Contact) {
		part.Attributes, _ = part.Attributes.Merge(said.Attributes)
		if said.HasPhone {
			part.TakeNumber(said.Phone, at)
		}
	})
	if changed {
		r.ProfileEffect = ProfileUpdated
	}
	r.After, r.Phone = k.Attributes, k.Phone
	return err
}
