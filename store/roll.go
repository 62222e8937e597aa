package store

import (
	"fmt"
	"slices"

	"winnow/segments"
)

// roll tells which keys are marked, to who asks for one key after the other, and
// asks SQLite for a page of marked keys at a time. Who asks in byte order reads
// each page once; who asks in no order reads few keys for each. A roll that fits
// on one page is asked for once: that nobody is marked costs nothing to know.
type roll struct {
	// read gives marked keys from that one on, in byte order, at most so many; a
	// key has as many marks as it is there times. Pins lie beside their keys.
	read func(from string, most int) (keys []string, pins []segments.Pin, err error)

	keys []string // the page: every mark of keys from from on, and before the last
	pins []segments.Pin
	from string
	last bool // there is none after the page
	most int  // of the page; 0 when nothing was read yet
	at   int  // where the key asked for last is, or would be
}

// rollPage is the most marks on a page.
const rollPage = 1024

// of finds the marks of the key: they lie on the page from the first place until
// before the second.
func (r *roll) of(key string) (from, to int, err error) {
	for !r.covers(key) {
		if err := r.turn(key); err != nil {
			return 0, 0, err
		}
	}
	if r.at > 0 && r.keys[r.at-1] >= key {
		r.at = 0
	}
	if r.at < len(r.keys) && r.keys[r.at] < key {
		skipped, _ := slices.BinarySearch(r.keys[r.at:], key)
		r.at += skipped
	}
	for to = r.at; to < len(r.keys) && r.keys[to] == key; to++ {
	}
	return r.at, to, nil
}

// covers tells whether the page has all marks of the key. Those of its last key
// may go on on the next page.
func (r *roll) covers(key string) bool {
	return r.most > 0 && r.from <= key && (r.last || key < r.keys[len(r.keys)-1])
}

// turn reads the first page, or the one that begins with the key: the further
// the keys go forward, the larger.
func (r *roll) turn(key string) (err error) {
	switch {
	case r.most == 0:
		key, r.most = "", rollPage
	case key < r.from:
		r.most = 1
	case key == r.from:
		r.most *= 2 // the key's marks fill the page
	default:
		r.most = min(2*r.most, rollPage)
	}
	r.keys, r.pins, err = r.read(key, r.most)
	if err != nil {
		r.most = 0
		return err
	}
	r.from, r.at, r.last = key, 0, len(r.keys) < r.most
	return nil
}

// marked is who is on lists and who is pinned, in one snapshot.
type marked struct {
	lists map[string]*roll
	names []string // of all lists
	known bool     // names were read
	pins  *roll
}

// InList tells whether the contact of that key is on the static list. One
// goroutine at a time may ask a snapshot of lists and pins; the lists cost little
// when the keys come in byte order.
func (s *Snapshot) InList(list, key string) (bool, error) {
	r := s.marked.lists[list]
	if r == nil {
		if s.marked.lists == nil {
			s.marked.lists = map[string]*roll{}
		}
		r = &roll{read: func(from string, most int) ([]string, []segments.Pin, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			keys, err := listPage(s.c, list, from, most)
			return keys, nil, err
		}}
		s.marked.lists[list] = r
	}
	from, to, err := r.of(key)
	return from < to, err
}

// ListsOf names the static lists that the contact of that key is on.
func (s *Snapshot) ListsOf(key string) (lists []string, err error) {
	if !s.marked.known {
		if s.marked.names, err = s.listNames(); err != nil {
			return nil, err
		}
		s.marked.known = true
	}
	for _, name := range s.marked.names {
		on, err := s.InList(name, key)
		if err != nil {
			return nil, fmt.Errorf("reading list %q: %w", name, err)
		}
		if on {
			lists = append(lists, name)
		}
	}
	return lists, nil
}

func (s *Snapshot) listNames() ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return listNames(s.c)
}

var _ segments.Snapshot = (*Snapshot)(nil)

// PinsOf gives the pins of the contact of that key, by segment; see
// [Snapshot.InList]. They are good until the next ask.
func (s *Snapshot) PinsOf(key string) ([]segments.Pin, error) {
	if s.marked.pins == nil {
		s.marked.pins = &roll{read: func(from string, most int) ([]string, []segments.Pin, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			return pinPage(s.c, from, most)
		}}
	}
	r := s.marked.pins
	from, to, err := r.of(key)
	if err != nil || from == to {
		return nil, err
	}
	return r.pins[from:to], nil
}
