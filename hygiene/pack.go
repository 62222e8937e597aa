package hygiene

import (
	"encoding/binary"
	"errors"
)

// packVersion is the first byte of a packed contact. A later layout takes the
// next number and reads the older ones. The first had no Suppression.heard, and
// nothing of when an entry was received or a repeat was, nor [Instruction.Messages].
// The second had nothing of numbers, and no [Instruction.Spares]: only opt-outs were
// protected. The last is of merged contacts alone, with their parts at the end.
const (
	packVersion       = 3
	packMergedVersion = 4
)

// errPacked is the error of bytes that are not a packed contact.
var errPacked = errors.New("the packed contact is damaged")

// Pack appends what judging needs and changes: history, suppressions, tags, retry and
// instructions. It leaves out the key, phone and attributes, and the retry's message.
// Its size decides how long a sweep takes: about 18 bytes an entry.
func (c *Contact) Pack(b []byte) []byte {
	if c.Parts == nil {
		b = append(b, packVersion)
	} else {
		b = append(b, packMergedVersion)
	}
	phones := c.History.namedPhones()
	b = c.packNumbers(b, phones)
	b = c.History.pack(b)
	if len(phones) > 0 {
		b = c.History.packPhones(b, phones)
	}
	if len(c.History.givers) > 0 {
		b = c.History.packGivers(b)
	}
	b = binary.AppendUvarint(b, uint64(len(c.Suppressions)))
	for i := range c.Suppressions {
		b = c.Suppressions[i].pack(b)
	}
	b = binary.AppendUvarint(b, uint64(len(c.Tags)))
	for i := range c.Tags {
		t := &c.Tags[i]
		b = t.Cause.pack(packMoment(packText(b, t.Name), t.Since))
	}
	b = c.Retry.pack(b)
	b = binary.AppendUvarint(b, uint64(len(c.Instructions)))
	for i := range c.Instructions {
		b = c.Instructions[i].pack(b)
	}
	if c.Parts == nil {
		return b
	}
	b = binary.AppendUvarint(b, uint64(len(c.Parts)))
	for i := range c.Parts {
		b = c.Parts[i].pack(b)
	}
	return b
}

// Unpack reads into c what [Contact.Pack] wrote, reusing the memory of c. It
// overwrites everything that is packed; key, phone and attributes stay.
func (c *Contact) Unpack(b []byte) error {
	r := packReader{b: b}
	if r.version = r.byte(); r.version == 0 || r.version > packMergedVersion {
		return errPacked
	}
	numbered := c.unpackNumbers(&r)
	c.History.unpack(&r)
	if numbered&packedPhones != 0 {
		c.History.unpackPhones(&r)
	}
	if numbered&packedGivers != 0 {
		c.History.unpackGivers(&r)
	}
	c.Suppressions = resize(c.Suppressions, r.count())
	for i := range c.Suppressions {
		c.Suppressions[i].unpack(&r)
	}
	c.Tags = resize(c.Tags, r.count())
	for i := range c.Tags {
		t := &c.Tags[i]
		t.Name, t.Since = r.text(), r.moment()
		t.Cause.unpack(&r)
	}
	c.Retry = unpackRetry(&r)
	c.Instructions = resize(c.Instructions, r.count())
	for i := range c.Instructions {
		c.Instructions[i].unpack(&r)
	}
	c.Parts = nil
	if r.version == packMergedVersion {
		for range r.count() {
			c.Parts = append(c.Parts, unpackPart(&r))
		}
	}
	if r.bad || len(r.b) > 0 {
		return errPacked
	}
	if c.renamed = nil; r.version < 3 {
		c.renameReasons()
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

// pack writes all of the part, its key and its profile too.
func (p *Part) pack(b []byte) []byte {
	b = packText(packText(b, p.Key), p.Phone)
	b = packText(b, string(p.Attributes.Pack(nil)))
	b = packMoment(binary.AppendVarint(b, p.ID), p.Joined)
	return packText(b, string(p.Contact.Pack(nil)))
}

func unpackPart(r *packReader) (p Part) {
	p.Key, p.Phone = r.text(), r.text()
	attributes, err := UnpackAttributes([]byte(r.text()))
	p.Attributes, p.ID, p.Joined = attributes, r.varint(), r.moment()
	facts := r.next(r.count())
	// A part has none itself: what is damaged must not nest.
	if err != nil || len(facts) == 0 || facts[0] == packMergedVersion || p.Contact.Unpack(facts) != nil {
		r.bad = true
	}
	return p
}

func (s *Suppression) pack(b []byte) []byte {
	b = packText(b, s.Reason)
	b = binary.AppendUvarint(append(b, byte(s.Origin)), uint64(s.Held))
	b = packMoment(b, s.Since)
	b = binary.AppendVarint(b, int64(s.Until))
	b = packText(packText(b, s.By), s.Note)
	b = binary.AppendVarint(s.Cause.pack(b), s.heard)
	b = append(b, bit(s.Renewal.At != Moment{})|byte(s.Proof)<<1)
	if s.Renewal.At == (Moment{}) {
		return b
	}
	return s.Renewal.Cause.pack(packMoment(b, s.Renewal.At))
}

func (s *Suppression) unpack(r *packReader) {
	s.Reason = r.text()
	s.Origin = Origin(r.byte())
	if int(s.Origin) >= len(handNames) {
		r.bad = true
		s.Origin = ByRule
	}
	s.Held = int64(r.uvarint())
	s.Since, s.Until = r.moment(), Instant(r.varint())
	s.By, s.Note = r.text(), r.text()
	s.Cause.unpack(r)
	s.Renewal, s.heard = Renewal{}, 0
	if r.version > 1 {
		s.heard = r.varint()
	}
	marks := r.byte()
	if s.Proof = Proof(marks >> 1); s.Proof > Regretted {
		r.bad, s.Proof = true, Unmeasured
	}
	if marks&1 != 0 {
		s.Renewal.At = r.moment()
		s.Renewal.Cause.unpack(r)
	}
}

func (g *Cause) pack(b []byte) []byte {
	b = packText(b, g.Rule)
	if g.Rule == "" {
		return b
	}
	b = binary.LittleEndian.AppendUint64(b, g.Digest)
	b = append(b, bit(g.Review))
	return packSeqs(binary.AppendVarint(b, int64(g.Oldest)), g.Evidence)
}

func packSeqs(b []byte, seqs []int64) []byte {
	b = binary.AppendUvarint(b, uint64(len(seqs)))
	prev := int64(0)
	for _, seq := range seqs {
		b = binary.AppendVarint(b, seq-prev)
		prev = seq
	}
	return b
}

func (g *Cause) unpack(r *packReader) {
	*g = Cause{Rule: r.text()}
	if g.Rule == "" {
		return
	}
	g.Digest, g.Review, g.Oldest = r.uint64(), r.byte() != 0, Instant(r.varint())
	g.Evidence = r.seqs()
}

func (t *Retry) pack(b []byte) []byte {
	if t == nil {
		return append(b, 0)
	}
	b = binary.AppendUvarint(b, uint64(t.Attempt))
	b = packMoment(b, t.Since)
	b = binary.AppendVarint(b, int64(t.DueAt-t.Since.At))
	b = binary.AppendVarint(b, int64(t.LapsesAt-t.DueAt))
	b = binary.LittleEndian.AppendUint64(b, t.Message)
	return t.Cause.pack(b)
}

func unpackRetry(r *packReader) *Retry {
	attempt := int(r.uvarint())
	if attempt == 0 {
		return nil
	}
	t := &Retry{Attempt: attempt, Since: r.moment()}
	t.DueAt = t.Since.At + Instant(r.varint())
	t.LapsesAt = t.DueAt + Instant(r.varint())
	t.Message = r.uint64()
	t.Cause.unpack(r)
	return t
}

func (in *Instruction) pack(b []byte) []byte {
	b = in.packMarks(append(b, byte(in.Kind), byte(in.Origin), byte(in.Outcome)))
	b = binary.AppendVarint(binary.AppendVarint(packMoment(b, in.Moment), in.Batch), in.Held)
	for _, t := range []Instant{in.Until, in.From, in.To} {
		b = binary.AppendVarint(b, int64(t))
	}
	for _, s := range []string{in.Reason, in.By, in.Note, in.Source, in.Code, in.Rule} {
		b = packText(b, s)
	}
	b = packSeqs(binary.LittleEndian.AppendUint64(b, in.Digest), in.Evidence)
	b = binary.AppendUvarint(b, uint64(len(in.Messages)))
	for _, message := range in.Messages {
		b = binary.LittleEndian.AppendUint64(b, message)
	}
	b = binary.AppendUvarint(b, uint64(len(in.Spares)))
	for _, reason := range in.Spares {
		b = packText(b, reason)
	}
	b = binary.AppendUvarint(b, uint64(len(in.Lifted)))
	for i := range in.Lifted {
		b = in.Lifted[i].pack(b)
	}
	return b
}

func (in *Instruction) unpack(r *packReader) {
	in.Kind, in.Origin = InstructionKind(r.byte()), Origin(r.byte())
	in.Outcome = Outcome(r.byte())
	in.unpackMarks(r)
	if int(in.Origin) >= len(handNames) || in.Outcome >= outcomeEnd {
		r.bad = true
		in.Origin = ByRule
	}
	in.Moment = r.moment()
	in.Batch, in.Held = r.varint(), r.varint()
	in.Until, in.From, in.To = Instant(r.varint()), Instant(r.varint()), Instant(r.varint())
	in.Reason, in.By, in.Note = r.text(), r.text(), r.text()
	in.Source, in.Code, in.Rule = r.text(), r.text(), r.text()
	in.Digest, in.Evidence = r.uint64(), r.seqs()
	in.Lifted, in.Messages, in.Spares = nil, nil, nil
	if r.version > 1 {
		for range r.count() {
			in.Messages = append(in.Messages, r.uint64())
		}
	}
	in.unpackSpares(r)
	if n := r.count(); n > 0 {
		in.Lifted = make([]Suppression, n)
	}
	for i := range in.Lifted {
		in.Lifted[i].unpack(r)
	}
}

func (in *Instruction) unpackSpares(r *packReader) {
	if r.version < 3 {
		if in.Reason == "" && (in.Kind == Allow || in.Kind == Strike) {
			in.Spares = []string{OptedOut}
		}
		return
	}
	for range r.count() {
		in.Spares = append(in.Spares, r.text())
	}
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
