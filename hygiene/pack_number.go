package hygiene

import "encoding/binary"

// What of numbers is packed, beside what contacts without any trouble have: the second
// byte.
const (
	packedNumbers = 1 << iota
	packedSendings
	packedAsks
	packedGivers
	packedPhones
)

// AsksSendLog reports, without unpacking the contact, whether the send log is to be asked
// on which number its events lie.
func AsksSendLog(packed []byte) bool {
	return len(packed) > 1 && packed[0] >= 3 && packed[1]&packedAsks != 0
}

// HasNumbers reports, without unpacking the contact, whether it keeps the numbers that it
// had, beside the one that it has.
func HasNumbers(packed []byte) bool {
	return len(packed) > 1 && packed[0] >= 3 && packed[1]&packedNumbers != 0
}

func (c *Contact) packNumbers(b []byte, phones []string) []byte {
	b = append(b, bit(c.Numbers != nil)*packedNumbers|bit(len(c.Sendings) > 0)*packedSendings|bit(c.AsksSendLog)*packedAsks|
		bit(len(c.History.givers) > 0)*packedGivers|bit(len(phones) > 0)*packedPhones)
	if c.Numbers != nil {
		b = binary.AppendUvarint(b, uint64(len(c.Numbers)))
		for _, n := range c.Numbers {
			b = append(binary.AppendVarint(packText(b, n.Phone), int64(n.Since)), bit(n.BySendLog))
		}
	}
	if len(c.Sendings) > 0 {
		b = binary.AppendUvarint(b, uint64(len(c.Sendings)))
		for _, s := range c.Sendings {
			b = binary.LittleEndian.AppendUint64(b, s.Message)
			b = packText(append(binary.AppendVarint(b, int64(s.At)), bit(s.Sent)), s.Phone)
		}
	}
	return b
}

func (c *Contact) unpackNumbers(r *packReader) (marks byte) {
	c.Numbers, c.Sendings, c.AsksSendLog = nil, nil, false
	if r.version < 3 {
		return 0
	}
	marks = r.byte()
	c.AsksSendLog = marks&packedAsks != 0
	if marks&packedNumbers != 0 {
		c.Numbers = make([]Tenure, r.count())
		for i := range c.Numbers {
			c.Numbers[i] = Tenure{Phone: r.text(), Since: Instant(r.varint()), BySendLog: r.byte() != 0}
		}
	}
	if marks&packedSendings != 0 {
		c.Sendings = make([]Sending, r.count())
		for i := range c.Sendings {
			s := &c.Sendings[i]
			s.Message, s.At, s.Sent = r.uint64(), Instant(r.varint()), r.byte() != 0
			s.Phone = r.text()
		}
	}
	return marks
}

// packGivers writes who gave what of the history to a number.
func (h *History) packGivers(b []byte) []byte {
	b = packSeqs(b, h.givers)
	for o := range h.outcomes {
		for i := range h.outcomes[o].Entries {
			b = binary.AppendUvarint(b, uint64(h.outcomes[o].Entries[i].from))
		}
	}
	return b
}

func (h *History) unpackGivers(r *packReader) {
	h.givers = r.seqs()
	r.givers = len(h.givers)
	for o := range h.outcomes {
		for i := range h.outcomes[o].Entries {
			from := r.uvarint()
			if from > uint64(len(h.givers)) {
				r.bad = true
				return
			}
			h.outcomes[o].Entries[i].from = int32(from)
		}
	}
}

// The marks of an instruction.
const (
	markUndone = 1 << iota
	markGiven
	markOfNumber
	markFromSeq
)

func (in *Instruction) packMarks(b []byte) []byte {
	b = append(b, bit(in.Undone)*markUndone|bit(in.from != 0)*markGiven|bit(in.OfNumber != "")*markOfNumber|bit(in.FromSeq != 0)*markFromSeq)
	if in.from != 0 {
		b = binary.AppendUvarint(b, uint64(in.from))
	}
	if in.OfNumber != "" {
		b = packText(b, in.OfNumber)
	}
	if in.FromSeq != 0 {
		b = binary.AppendVarint(b, in.FromSeq)
	}
	return b
}

func (in *Instruction) unpackMarks(r *packReader) {
	marks := r.byte()
	in.Undone, in.from, in.OfNumber, in.FromSeq = marks&markUndone != 0, 0, "", 0
	if marks&markGiven != 0 {
		in.from = int32(min(r.uvarint(), 1<<31-1))
		r.bad = r.bad || int(in.from) > r.givers
	}
	if marks&markOfNumber != 0 {
		in.OfNumber = r.text()
	}
	if marks&markFromSeq != 0 {
		in.FromSeq = r.varint()
	}
}
