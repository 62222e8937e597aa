package migration

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"

	"winnow/store/members"
)

// copyLists copies the lists of members that the database has not got yet.
func (m *migration) copyLists(ctx context.Context) error {
	from, to := m.lists()
	names, err := from.List()
	if err != nil {
		return err
	}
	whole, err := to.List()
	if err != nil {
		return err
	}
	for _, name := range names {
		if slices.Contains(whole, name) {
			continue
		}
		if err := copyList(ctx, from, to, name); err != nil {
			return err
		}
	}
	return nil
}

func copyList(ctx context.Context, from, to members.Lists, name members.Name) error {
	list, err := from.Open(name)
	if err != nil {
		return err
	}
	defer list.Close()
	draft, err := to.Create(name)
	if err != nil {
		return err
	}
	if _, err := io.Copy(draft, &untilDone{ctx, list}); err != nil {
		return errors.Join(err, draft.Discard())
	}
	return draft.Close()
}

// untilDone reads until its context ends.
type untilDone struct {
	ctx  context.Context
	from io.Reader
}

func (r *untilDone) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.from.Read(p)
}

// compareLists compares the lists of members.
func (m *migration) compareLists(ctx context.Context) error {
	from, to := m.lists()
	names, err := from.List()
	if err != nil {
		return err
	}
	copied, err := to.List()
	if err != nil {
		return err
	}
	if len(copied) != len(names) {
		return notEqual("%d lists of members were copied of %d", len(copied), len(names))
	}
	for _, name := range names {
		if err := compareList(ctx, from, to, name); err != nil {
			return err
		}
	}
	m.result.Lists = int64(len(names))
	return nil
}

func compareList(ctx context.Context, from, to members.Lists, name members.Name) error {
	list, err := from.Open(name)
	if err != nil {
		return err
	}
	defer list.Close()
	copied, err := to.Open(name)
	if err != nil {
		return err
	}
	defer copied.Close()
	a, b := make([]byte, 64<<10), make([]byte, 64<<10)
	for {
		n, errHere := io.ReadFull(&untilDone{ctx, list}, a)
		k, errThere := io.ReadFull(copied, b)
		if !bytes.Equal(a[:n], b[:k]) {
			return notEqual("the list of members %s differs", name)
		}
		if ended(errHere) && ended(errThere) {
			return nil
		}
		if err := errors.Join(errHere, errThere); err != nil {
			return err
		}
	}
}

func ended(err error) bool { return err == io.EOF || err == io.ErrUnexpectedEOF }
