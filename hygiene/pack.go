package hygiene

import (
	"encoding/binary"
	"errors"
	"slices"
)

// packVersion is the first byte of a packed contact. A later layout takes the
// next number and reads the older ones.
const packVersion = 1

// errPacked is the error of bytes that are no packed contact.
var errPacked = errors.New("the packed contact is damaged")

// Pack appends what is judged of the contact to b: its history, suppressions,
// tags, retry and instructions; not its key, phone and attributes, and not the
// retry's message. It is the weight of a sweep: about 18 bytes an entry.
func (c *Contact) Pack(b []byte) []byte {
	b = append(b, packVersion)
	b = c.History.pack(b)
	b = binary.AppendUvarint(b, uint64(len(c.Suppressions)))
	for i := range c.Suppressions {
		b = c.Suppressions[i].pack(b)
	}
	b = binary.AppendUvarint(b, uint64(len(c.Tags)))
	for i := range c.Tags {
		t := &c.Tags[i]
		b = t.Grounds.pack(packMoment(packText(b, t.Name), t.Since))
	}
	b = c.Retry.pack(b)
	b = binary.AppendUvarint(b, uint64(len(c.Instructions)))
	for i := range c.Instructions {
		b = c.Instructions[i].pack(b)
	}
	return b
}

// Unpack reads what [Contact.Pack] wrote into c, using again the memory that c
// holds. Everything packed is overwritten; key, phone and attributes stay.
func (c *Contact) Unpack(b []byte) error {
	r := reader{b: b}
	if r.byte() != packVersion {
		return errPacked
	}
	c.History.unpack(&r)
	c.Suppressions = resize(c.Suppressions, r.count())
	for i := range c.Suppressions {
		c.Suppressions[i].unpack(&r)
	}
	c.Tags = resize(c.Tags, r.count())
	for i := range c.Tags {
		t := &c.Tags[i]
		t.Name, t.Since = r.text(), r.moment()
		t.Grounds.unpack(&r)
	}
	c.Retry = unpackRetry(&r)
	c.Instructions = resize(c.Instructions, r.count())
	for i := range c.Instructions {
		c.Instructions[i].unpack(&r)
	}
	if r.bad || len(r.b) > 0 {
		return errPacked
	}
	return nil
}

// Reset empties the contact for another key, keeping its memory.
func (c *Contact) Reset(key string) {
	c.History.reset()
	*c = Contact{Key: key, History: c.History, Suppressions: c.Suppressions[:0], Tags: c.Tags[:0], Instructions: c.Instructions[:0]}
}

func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

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
		if h.trails[o].First != 0 {
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

// packMarks writes the kind with two marks below it, and the time of the
// latest repeat where there is one.
func (e *Entry) packMarks(b []byte) []byte {
	marks := uint64(e.kind) << 2
	if e.mute {
		marks |= 2
	}
	if e.again == 0 {
		return binary.AppendUvarint(b, marks)
	}
	return binary.AppendUvarint(binary.AppendUvarint(b, marks|1), uint64(e.again-e.At))
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
		h.trails[o].unpack(r, len(h.kinds))
	}
}

func (t *Trail) unpack(r *reader, kinds int) {
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
		marks := r.uvarint()
		e.kind, e.mute, e.again = int(marks>>2), marks&2 != 0, 0
		if marks&1 != 0 {
			e.again = e.At + Instant(r.uvarint())
		}
		if e.kind >= kinds {
			r.bad = true
			return
		}
		prev = e.Moment
	}
}

func (s *Suppression) pack(b []byte) []byte {
	b = packText(b, s.Reason)
	b = append(b, byte(s.Hand))
	b = packMoment(b, s.Since)
	b = binary.AppendVarint(b, int64(s.Until))
	b = packText(packText(b, s.By), s.Note)
	return s.Grounds.pack(b)
}

func (s *Suppression) unpack(r *reader) {
	s.Reason = r.text()
	s.Hand = Hand(r.byte())
	if int(s.Hand) >= len(handNames) {
		r.bad = true
		s.Hand = ByRule
	}
	s.Since, s.Until = r.moment(), Instant(r.varint())
	s.By, s.Note = r.text(), r.text()
	s.Grounds.unpack(r)
}

func (g *Grounds) pack(b []byte) []byte {
	b = packText(b, g.Rule)
	if g.Rule == "" {
		return b
	}
	b = binary.LittleEndian.AppendUint64(b, g.Digest)
	b = append(b, bit(g.Review))
	b = binary.AppendVarint(b, int64(g.Oldest))
	b = binary.AppendUvarint(b, uint64(len(g.Evidence)))
	prev := int64(0)
	for _, seq := range g.Evidence {
		b = binary.AppendVarint(b, seq-prev)
		prev = seq
	}
	return b
}

func (g *Grounds) unpack(r *reader) {
	*g = Grounds{Rule: r.text()}
	if g.Rule == "" {
		return
	}
	g.Digest, g.Review, g.Oldest = r.uint64(), r.byte() != 0, Instant(r.varint())
	n := r.count()
	if n == 0 {
		return
	}
	g.Evidence = make([]int64, n)
	prev := int64(0)
	for i := range g.Evidence {
		prev += r.varint()
		g.Evidence[i] = prev
	}
}

func (t *Retry) pack(b []byte) []byte {
	if t == nil {
		return append(b, 0)
	}
	b = binary.AppendUvarint(b, uint64(t.Attempt))
	b = packMoment(b, t.Since)
	b = binary.AppendVarint(b, int64(t.Due-t.Since.At))
	b = binary.AppendVarint(b, int64(t.Lapses-t.Due))
	b = binary.LittleEndian.AppendUint64(b, t.Message)
	return t.Grounds.pack(b)
}

func unpackRetry(r *reader) *Retry {
	attempt := int(r.uvarint())
	if attempt == 0 {
		return nil
	}
	t := &Retry{Attempt: attempt, Since: r.moment()}
	t.Due = t.Since.At + Instant(r.varint())
	t.Lapses = t.Due + Instant(r.varint())
	t.Message = r.uint64()
	t.Grounds.unpack(r)
	return t
}

func (in *Instruction) pack(b []byte) []byte {
	b = append(b, byte(in.Kind), byte(in.Hand))
	b = packMoment(b, in.Moment)
	for _, t := range []Instant{in.Until, in.From, in.To} {
		b = binary.AppendVarint(b, int64(t))
	}
	for _, s := range []string{in.Reason, in.By, in.Note, in.Source, in.Code, in.Rule} {
		b = packText(b, s)
	}
	return binary.LittleEndian.AppendUint64(b, in.Digest)
}

func (in *Instruction) unpack(r *reader) {
	in.Kind, in.Hand = InstructionKind(r.byte()), Hand(r.byte())
	if int(in.Hand) >= len(handNames) {
		r.bad = true
		in.Hand = ByRule
	}
	in.Moment = r.moment()
	in.Until, in.From, in.To = Instant(r.varint()), Instant(r.varint()), Instant(r.varint())
	in.Reason, in.By, in.Note = r.text(), r.text(), r.text()
	in.Source, in.Code, in.Rule = r.text(), r.text(), r.text()
	in.Digest = r.uint64()
}

// Pack appends the attributes to b.
func (a Attributes) Pack(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(a)))
	for i := range a {
		b = packText(b, a[i].Name)
		b = packText(append(b, byte(a[i].Value.Type)), a[i].Value.Text)
	}
	return b
}

// UnpackAttributes reads what [Attributes.Pack] wrote.
func UnpackAttributes(b []byte) (Attributes, error) {
	r := reader{b: b}
	a := make(Attributes, r.count())
	for i := range a {
		a[i].Name = r.text()
		a[i].Value.Type = ValueType(r.byte())
		a[i].Value.Text = r.text()
	}
	if r.bad || len(r.b) > 0 {
		return nil, errPacked
	}
	return a, nil
}

func packText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func packMoment(b []byte, m Moment) []byte {
	return binary.AppendVarint(binary.AppendVarint(b, int64(m.At)), m.Seq)
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// reader reads packed values. Once something is bad it gives zero values.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n int) []byte {
	if r.bad || n < 0 || n > len(r.b) {
		r.bad, r.b = true, nil
		return nil
	}
	head := r.b[:n]
	r.b = r.b[n:]
	return head
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uint64() uint64 {
	if b := r.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.take(-1)
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.take(-1)
		return 0
	}
	r.b = r.b[n:]
	return v
}

// count reads how many things follow; each takes at least a byte.
func (r *reader) count() int {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.take(-1)
		return 0
	}
	return int(n)
}

func (r *reader) moment() Moment { return Moment{Instant(r.varint()), r.varint()} }

func (r *reader) text() string { return string(r.take(r.count())) }

// textLike is text, without a new string when it is the known one.
func (r *reader) textLike(known string) string {
	b := r.take(r.count())
	if string(b) == known {
		return known
	}
	return string(b)
}

// clone is a copy that shares no memory with c.
func (c *Contact) clone() *Contact {
	d := *c
	d.History.kinds = slices.Clone(c.History.kinds)
	for o := range d.History.trails {
		d.History.trails[o].Entries = slices.Clone(c.History.trails[o].Entries)
	}
	d.Suppressions = slices.Clone(c.Suppressions)
	d.Tags = slices.Clone(c.Tags)
	d.Instructions = slices.Clone(c.Instructions)
	return &d
}
