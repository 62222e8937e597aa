package hygiene

import (
	"encoding/binary"
)

func (h *History) reset() {
	h.kinds, h.givers, h.phones = h.kinds[:0], nil, nil
	for o := range h.outcomes {
		h.outcomes[o] = OutcomeHistory{Entries: h.outcomes[o].Entries[:0]}
	}
}

// The first byte of a trail: how many entries follow, and two flags.
const (
	trailCount         = 0x1f
	trailRepeatedUntil = 0x40
	trailDropped       = 0x80
)

func (h *History) pack(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(h.kinds)))
	for _, k := range h.kinds {
		b = packText(packText(b, k.Source), k.Code)
	}
	for o := Scheduled; o < outcomeEnd; o++ {
		if t := &h.outcomes[o]; len(t.Entries) > 0 || t.Dropped {
			b = h.outcomes[o].pack(append(b, byte(o)))
		}
	}
	return append(b, 0)
}

// pack writes a trail: its first time, then each entry as the difference to the one
// before.
func (t *OutcomeHistory) pack(b []byte) []byte {
	head := byte(len(t.Entries))
	if t.Dropped {
		head |= trailDropped
	}
	if t.repeatedUntil != 0 {
		head |= trailRepeatedUntil
	}
	b = binary.AppendVarint(append(b, head), int64(t.First))
	if t.repeatedUntil != 0 {
		b = binary.AppendVarint(b, int64(t.repeatedUntil-t.First))
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

// The marks of an entry, in the low bits of its kind.
const (
	markRepeated = 1 << iota
	markAfterDelivery
	markHeld
	markReceived
	markBits = iota

	markBitsBefore = 3 // of the first version
)

// packMarks writes the kind with the marks, then the time of the latest repeat, for an
// opt-out with its place in the log, and the breaker trip where there are such.
func (e *Entry) packMarks(b []byte) []byte {
	marks := uint64(e.kind) << markBits
	if e.afterDelivery {
		marks |= markAfterDelivery
	}
	if e.lastRepeat != 0 {
		marks |= markRepeated
	}
	if e.held != 0 {
		marks |= markHeld
	}
	if e.received {
		marks |= markReceived
	}
	b = binary.AppendUvarint(b, marks)
	if e.lastRepeat != 0 {
		b = binary.AppendUvarint(b, uint64(e.lastRepeat-e.At))
		if e.outcome == Unsubscribed {
			b = append(binary.AppendVarint(b, e.lastSeq-e.Seq), bit(e.lastReceived))
		}
	}
	if e.held != 0 {
		b = binary.AppendUvarint(b, uint64(e.held))
	}
	return b
}

func (e *Entry) unpackMarks(r *packReader) {
	marks, bits := r.uvarint(), markBits
	if r.version == 1 {
		bits = markBitsBefore
	}
	e.kind, e.afterDelivery, e.held = int(marks>>bits), marks&markAfterDelivery != 0, 0
	e.received = r.version > 1 && marks&markReceived != 0
	e.lastRepeat, e.lastSeq, e.lastReceived = 0, 0, false
	if marks&markRepeated != 0 {
		e.lastRepeat = e.At + Instant(r.uvarint())
		if r.version > 1 && e.outcome == Unsubscribed {
			e.lastSeq, e.lastReceived = e.Seq+r.varint(), r.byte() != 0
		}
	}
	if marks&markHeld != 0 {
		e.held = int64(r.uvarint())
	}
}

func (h *History) unpack(r *packReader) {
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
		h.outcomes[o].unpack(r, o, len(h.kinds))
	}
}

func (t *OutcomeHistory) unpack(r *packReader, o Outcome, kinds int) {
	head := r.byte()
	t.Dropped = head&trailDropped != 0
	t.First = Instant(r.varint())
	if head&trailRepeatedUntil != 0 {
		t.repeatedUntil = t.First + Instant(r.varint())
	}
	n := int(head & trailCount)
	if n > EntriesKept {
		r.bad = true
		return
	}
	if cap(t.Entries) < n {
		t.Entries = make([]Entry, 0, EntriesKept+1)
	}
	t.Entries = t.Entries[:n]
	prev := Moment{At: t.First}
	for i := range t.Entries {
		e := &t.Entries[i]
		e.At, e.Seq = prev.At+Instant(r.uvarint()), prev.Seq+r.varint()
		e.Message = r.uint64()
		e.outcome, e.from, e.to = o, 0, 0
		if e.unpackMarks(r); e.kind >= kinds {
			r.bad = true
			return
		}
		prev = e.Moment
	}
}
