package hygiene

import "encoding/binary"

func (h *History) reset() {
	h.kinds = h.kinds[:0]
	for o := range h.trails {
		h.trails[o] = Trail{Entries: h.trails[o].Entries[:0]}
	}
}

// A trail's head: how many entries, and what else is there.
const (
	trailCount   = 0x1f
	trailFloor   = 0x40
	trailDropped = 0x80
)

func (h *History) pack(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(h.kinds)))
	for _, k := range h.kinds {
		b = packText(packText(b, k.Source), k.Code)
	}
	for o := Scheduled; o < outcomeEnd; o++ {
		if t := &h.trails[o]; len(t.Entries) > 0 || t.Dropped {
			b = h.trails[o].pack(append(b, byte(o)))
		}
	}
	return append(b, 0)
}

// pack writes a trail: its first time, then every entry as the difference to
// the one before.
func (t *Trail) pack(b []byte) []byte {
	head := byte(len(t.Entries))
	if t.Dropped {
		head |= trailDropped
	}
	if t.floor != 0 {
		head |= trailFloor
	}
	b = binary.AppendVarint(append(b, head), int64(t.First))
	if t.floor != 0 {
		b = binary.AppendVarint(b, int64(t.floor-t.First))
	}
	prev := Moment{At: t.First}
	for i := range t.Entries {
		e := &t.Entries[i]
		b = binary.AppendUvarint(b, uint64(e.At-prev.At))
		b = binary.AppendVarint(b, e.Seq-prev.Seq)
		b = binary.LittleEndian.AppendUint64(b, e.Message)
		b = e.packMarks(b)
		prev = e.Moment
	}
	return b
}

// The marks of an entry, below its kind.
const (
	markAgain = 1 << iota
	markMute
	markHeld
	markBits = iota
)

// packMarks writes the kind with the marks, the time of the latest repeat and
// the trip that it waits for where there is one.
func (e *Entry) packMarks(b []byte) []byte {
	marks := uint64(e.kind) << markBits
	if e.mute {
		marks |= markMute
	}
	if e.again != 0 {
		marks |= markAgain
	}
	if e.held != 0 {
		marks |= markHeld
	}
	b = binary.AppendUvarint(b, marks)
	if e.again != 0 {
		b = binary.AppendUvarint(b, uint64(e.again-e.At))
	}
	if e.held != 0 {
		b = binary.AppendUvarint(b, uint64(e.held))
	}
	return b
}

func (e *Entry) unpackMarks(r *reader) {
	marks := r.uvarint()
	e.kind, e.mute, e.again, e.held = int(marks>>markBits), marks&markMute != 0, 0, 0
	if marks&markAgain != 0 {
		e.again = e.At + Instant(r.uvarint())
	}
	if marks&markHeld != 0 {
		e.held = int64(r.uvarint())
	}
}

func (h *History) unpack(r *reader) {
	h.reset()
	old := h.kinds[:cap(h.kinds)]
	for i := range r.count() {
		var known Kind
		if i < len(old) {
			known = old[i]
		}
		h.kinds = append(h.kinds, Kind{r.textLike(known.Source), r.textLike(known.Code)})
	}
	for {
		o := Outcome(r.byte())
		if o == 0 || o >= outcomeEnd || r.bad {
			r.bad = r.bad || o != 0
			return
		}
		h.trails[o].unpack(r, o, len(h.kinds))
	}
}

func (t *Trail) unpack(r *reader, o Outcome, kinds int) {
	head := r.byte()
	t.Dropped = head&trailDropped != 0
	t.First = Instant(r.varint())
	if head&trailFloor != 0 {
		t.floor = t.First + Instant(r.varint())
	}
	n := int(head & trailCount)
	if n > Kept {
		r.bad = true
		return
	}
	if cap(t.Entries) < n {
		t.Entries = make([]Entry, 0, Kept+1)
	}
	t.Entries = t.Entries[:n]
	prev := Moment{At: t.First}
	for i := range t.Entries {
		e := &t.Entries[i]
		e.At, e.Seq = prev.At+Instant(r.uvarint()), prev.Seq+r.varint()
		e.Message = r.uint64()
		e.outcome = o
		if e.unpackMarks(r); e.kind >= kinds {
			r.bad = true
			return
		}
		prev = e.Moment
	}
}
