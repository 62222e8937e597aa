package exports

import (
	"errors"

	"winnow/hygiene"
	"winnow/internal/config"
	"winnow/internal/console/view"
	"winnow/segments"
	"winnow/store"
)

// addReasons counts for which reasons those who come or go were suppressed since the run
// that readers have. Who comes or goes for another cause, such as time, has none.
func addReasons(cfg *config.Config, s *store.Store, run, readers segments.Run, with map[string]string, to *view.RunDifference) error {
	if readers.Name == "" || readers.Ledger < 0 {
		return nil
	}
	list, err := openComparisons(s, run, with)
	if err != nil {
		return err
	}
	last := make([]string, len(list)) // the last contact that was counted
	err = s.ChangesSince(readers.Ledger, readers.AsOf, func(change store.ContactChange) error {
		if change.Act != hygiene.Suppressed && change.Act != hygiene.Inherited {
			return nil
		}
		reason, _ := cfg.Policy.ReasonOf(change.Reason) // as an earlier version wrote it
		for i, c := range list {
			is := c.At(change.Contact)
			if is != segments.Came && is != segments.Went || last[i] == change.Contact {
				continue
			}
			last[i] = change.Contact
			if to.Segments[i].Reasons == nil {
				to.Segments[i].Reasons = map[string]int64{}
			}
			to.Segments[i].Reasons[reason]++
		}
		return nil
	})
	for _, c := range list {
		err = errors.Join(err, c.Close())
	}
	return err
}
