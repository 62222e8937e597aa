package store

import (
	"fmt"
	"slices"

	"winnow/segments"
)

// keyPager finds the marks of one key after the other: memberships of a list, or
// pins. It reads a page of marks at a time. Keys in byte order read each page
// once; keys in no order read few marks for each key. Marks that fit on one page
// are read once: when there are none, that costs nothing to know.
type keyPager struct {
	// read returns the marks of keys from that one on, in byte order, at most so
	// many. A key is there once for each of its marks. Pins lie beside their
	// keys.
	read func(from string, most int) (keys []string, pins []segments.Pin, err error)

	keys []string // the page: every mark of keys from from on, and before the last
	pins []segments.Pin
	from string
	last bool // there is no page after this one
	most int  // marks of the page; 0 before the first was read
	at   int  // where the key found last is, or would be
}

// pageMarks is the most marks on a page.
const pageMarks = 1024

// find returns where the marks of the key are on the page: from the first place
// until before the second.
func (p *keyPager) find(key string) (from, to int, err error) {
	for !p.contains(key) {
		if err := p.seek(key); err != nil {
			return 0, 0, err
		}
	}
	if p.at > 0 && p.keys[p.at-1] >= key {
		p.at = 0
	}
	if p.at < len(p.keys) && p.keys[p.at] < key {
		skipped, _ := slices.BinarySearch(p.keys[p.at:], key)
		p.at += skipped
	}
	for to = p.at; to < len(p.keys) && p.keys[to] == key; to++ {
	}
	return p.at, to, nil
}

// contains reports whether all marks of the key are on the page. Those of its
// last key may go on on the next.
func (p *keyPager) contains(key string) bool {
	return p.most > 0 && p.from <= key && (p.last || key < p.keys[len(p.keys)-1])
}

// seek reads the first page, or the one that begins with the key: the further the
// keys go forward, the larger.
func (p *keyPager) seek(key string) (err error) {
	switch {
	case p.most == 0:
		key, p.most = "", pageMarks
	case key < p.from:
		p.most = 1
	case key == p.from:
		p.most *= 2 // the key's marks fill the page
	default:
		p.most = min(2*p.most, pageMarks)
	}
	p.keys, p.pins, err = p.read(key, p.most)
	if err != nil {
		p.most = 0
		return err
	}
	p.from, p.at, p.last = key, 0, len(p.keys) < p.most
	return nil
}

// memberships is who is on lists and who is pinned, in one snapshot.
type memberships struct {
	lists     map[string]*keyPager
	names     []string // of all lists
	namesRead bool
	pins      *keyPager
}

// InList reports whether the contact of that key is on the static list. One
// goroutine at a time may ask a snapshot for lists and pins. It costs little when
// the keys come in byte order.
func (s *Snapshot) InList(list, key string) (bool, error) {
	p := s.memberships.lists[list]
	if p == nil {
		if s.memberships.lists == nil {
			s.memberships.lists = map[string]*keyPager{}
		}
		p = &keyPager{read: func(from string, most int) ([]string, []segments.Pin, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			keys, err := listMembers(s.c, list, from, most)
			return keys, nil, err
		}}
		s.memberships.lists[list] = p
	}
	from, to, err := p.find(key)
	return from < to, err
}

// ListsOf names the static lists that the contact of that key is on.
func (s *Snapshot) ListsOf(key string) (lists []string, err error) {
	if !s.memberships.namesRead {
		if s.memberships.names, err = s.listNames(); err != nil {
			return nil, err
		}
		s.memberships.namesRead = true
	}
	for _, name := range s.memberships.names {
		on, err := s.InList(name, key)
		if err != nil {
			return nil, fmt.Errorf("read list %q: %w", name, err)
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

// PinsOf returns the pins of the contact of that key, by segment; see
// [Snapshot.InList]. They hold until the next call.
func (s *Snapshot) PinsOf(key string) ([]segments.Pin, error) {
	if s.memberships.pins == nil {
		s.memberships.pins = &keyPager{read: func(from string, most int) ([]string, []segments.Pin, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			return pinsFrom(s.c, from, most)
		}}
	}
	p := s.memberships.pins
	from, to, err := p.find(key)
	if err != nil || from == to {
		return nil, err
	}
	return p.pins[from:to], nil
}
