package app

import (
	"errors"
	"fmt"

	"winnow/internal/ui"
)

// ErrNearlyKnown is the error of suppressing or pinning a new contact whose key is nearly
// that of a known one.
var ErrNearlyKnown = errors.New("the contact is not known")

// CheckNearlyKnown is an [ErrNearlyKnown] if a key is unknown, and nearly the same as that
// of a known contact. A manual change would be to a new contact, and the known one, who was
// probably meant, would still be texted.
func (o *Operations) CheckNearlyKnown(keys []string) error {
	unknown, err := o.unknown(keys)
	if err != nil {
		return err
	}
	var errs []error
	err = o.Store.FindNearKeys(unknown, o.Config.Keys, func(i int, near []string) {
		errs = append(errs, fmt.Errorf("%w: %q is nearly the key of %s; name that contact", ErrNearlyKnown, unknown[i], ui.JoinFirst(near, 5)))
	})
	return errors.Join(append(errs, err)...)
}
