package provider

// walk notes what a scanner finds inside the arrays of one document: the events there,
// each with its values, and where the elements are that it is inside of. What stands
// around an event may come after it, so nothing is made of the events before the end of
// the document.
type walk struct {
	shapes  []places
	max     int // events and elements that are noted
	frames  []frame
	arrays  []span
	events  []inArray
	values  []string // of events and of what is around them, each a range
	beside  []besideEvents
	reached []bool // by shape: there was an array of its events, or an event
	frame   int    // of the innermost element; noFrame outside of all
	more    bool   // there are more than max
}

const noFrame = -1

// frame is an element of an array, in which there may be events.
type frame struct {
	parent   int // the frame of the element around the array; noFrame for none
	array    int // its place in arrays
	from, to int // in the text
}

// span is what is between the brackets of an array, or a value.
type span struct{ open, close int }

// besideEvents is a value of one event that is not in it, but in an array beside that of
// the events. Of several events nobody knows whose it is.
type besideEvents struct {
	slots []int
	span
}

// inArray is one event.
type inArray struct {
	shape    int
	from, to int // in the text
	frame    int
	values   int // where its values begin
	around   int // where the values begin that are around it
}

func newWalk(shapes []places, max int) *walk {
	return &walk{shapes: shapes, max: max, reached: make([]bool, len(shapes))}
}

// reset begins a new document.
func (w *walk) reset() {
	w.frames, w.arrays, w.events, w.values, w.beside, w.frame = w.frames[:0], w.arrays[:0], w.events[:0], w.values[:0], w.beside[:0], noFrame
	clear(w.reached)
}

// items scans an array of which elements are wanted. Where each element would be, a value
// that is not an array is the only one.
func (s *scanner) items(m *member) error {
	every := m.element(everyElement)
	if every == nil || s.walk == nil {
		return s.elementsOf(m, noFrame)
	}
	if every.nested != nil {
		for _, shape := range every.events {
			s.walk.reached[shape] = true
		}
	}
	if s.text[s.at] != '[' {
		return s.item(every, noFrame)
	}
	array := len(s.walk.arrays)
	s.walk.arrays = append(s.walk.arrays, span{open: s.at + 1})
	if err := s.elementsOf(m, array); err != nil {
		return err
	}
	s.walk.arrays[array].close = s.at - 1
	return nil
}

func (s *scanner) elementsOf(m *member, array int) error {
	if s.text[s.at] != '[' {
		return s.skip()
	}
	i := -1
	return s.list(']', func() error {
		i++
		return s.item(m.element(i), array)
	})
}

// item scans an element of an array.
func (s *scanner) item(m *member, array int) error {
	if m == nil || m.nested == nil || !m.kept || array == noFrame {
		return s.member(m)
	}
	w := s.walk
	if len(w.frames) > 2*w.max {
		w.more = true
		return s.skip()
	}
	outer, own := w.frame, len(w.frames)
	w.frames = append(w.frames, frame{parent: outer, array: array, from: s.at})
	w.frame = own
	if err := s.member(m); err != nil {
		return err
	}
	w.frames[own].to = s.at
	w.frame = outer
	return nil
}

// enter is called before a marked value is scanned. It returns how many events there were
// before.
func (w *walk) enter(m *member, found *values) int {
	for _, shape := range m.events {
		w.shapes[shape].ofEvent.clear(found)
	}
	for _, shape := range m.around {
		w.shapes[shape].ofAround.clear(found)
	}
	return len(w.events)
}

// leave is called after it.
func (w *walk) leave(m *member, found *values, before, from, to int) {
	for _, shape := range m.events {
		w.reached[shape] = true
		if len(w.events) == w.max {
			w.more = true
			continue
		}
		w.events = append(w.events, inArray{shape: shape, from: from, to: to, frame: w.frame, values: len(w.values)})
		w.values = append(w.values, w.shapes[shape].ofEvent.in(found)...)
	}
	for _, shape := range m.around {
		at := len(w.values)
		w.values = append(w.values, w.shapes[shape].ofAround.in(found)...)
		for i := before; i < len(w.events); i++ {
			if w.events[i].shape == shape {
				w.events[i].around = at
			}
		}
	}
}

// restore puts the values of an event where the scanner found them. Those of the document
// are there.
func (w *walk) restore(e *inArray, found *values) {
	shape := &w.shapes[e.shape]
	copy(shape.ofEvent.in(found), w.values[e.values:])
	copy(shape.ofAround.in(found), w.values[e.around:])
}

// places say where the values of a shape are: those of its event, and of what is around
// it.
type places struct{ ofEvent, ofAround slots }

// slots are a range of slots.
type slots struct{ from, to int }

func (r slots) in(found *values) []string { return found[r.from:r.to] }
func (r slots) clear(found *values)       { clear(r.in(found)) }

// cut is the document without the elements beside the event: as if it had come alone. The
// document is what the text has from from to to. What is beside several events is not in
// it: alone, the event would have it.
func (w *walk) cut(text []byte, from, to int, e *inArray) []byte {
	if w.isAlone(e) {
		return text[from:to:to]
	}
	var hidden []besideEvents
	if w.areSeveral(e.shape) {
		hidden = w.beside
	}
	cut := make([]byte, 0, w.size(from, to, e))
	for _, p := range w.pieces(from, to, e) {
		at := p.open
		for _, h := range hidden {
			if at <= h.open && h.close <= p.close {
				cut = append(append(cut, text[at:h.open]...), "null"...)
				at = h.close
			}
		}
		cut = append(cut, text[at:p.close]...)
	}
	return cut
}

// census counts events by the elements and arrays that they are in.
type census struct {
	walk           *walk
	frames, arrays []int
	all            int
}

func (c *census) add(e *inArray) {
	c.all++
	for f := e.frame; f != noFrame; f = c.walk.frames[f].parent {
		c.frames[f]++
		c.arrays[c.walk.frames[f].array]++
	}
}

// isApart reports whether all events that were counted are in other elements of the arrays
// that the event is in: what is cut for it has none of them.
func (c *census) isApart(e *inArray) bool {
	apart := 0
	for f := e.frame; f != noFrame; f = c.walk.frames[f].parent {
		apart += c.arrays[c.walk.frames[f].array] - c.frames[f]
	}
	return apart == c.all
}

// areSeveral reports whether the document has more than one event of a shape.
func (w *walk) areSeveral(shape int) bool {
	n := 0
	for i := range w.events {
		if w.events[i].shape == shape {
			if n++; n > 1 {
				return true
			}
		}
	}
	return false
}

// hideBeside takes what is beside several events of a shape from its slots.
func (w *walk) hideBeside(shape int, ofBody slots, found *values) {
	if len(w.beside) == 0 || !w.areSeveral(shape) {
		return
	}
	for _, b := range w.beside {
		for _, slot := range b.slots {
			if ofBody.from <= slot && slot < ofBody.to {
				found[slot] = ""
			}
		}
	}
}

// isAlone reports whether no array has an element beside the event.
func (w *walk) isAlone(e *inArray) bool {
	depth := 0
	for f := e.frame; f != noFrame; f = w.frames[f].parent {
		depth++
	}
	return len(w.events) == 1 && len(w.frames) == depth
}

// pieces are the parts of the document that belong to the event.
func (w *walk) pieces(from, to int, e *inArray) (pieces []span) {
	var chain []frame // from the outermost element to the innermost
	for f := e.frame; f != noFrame; f = w.frames[f].parent {
		chain = append([]frame{w.frames[f]}, chain...)
	}
	at := from
	for _, f := range chain {
		pieces = append(pieces, span{at, w.arrays[f.array].open})
		at = f.from
	}
	for i := len(chain) - 1; i >= 0; i-- {
		pieces = append(pieces, span{at, chain[i].to})
		at = w.arrays[chain[i].array].close
	}
	return append(pieces, span{at, to})
}

// size is how many bytes cut returns for the event.
func (w *walk) size(from, to int, e *inArray) int {
	n := to - from
	for f := e.frame; f != noFrame; f = w.frames[f].parent {
		array := w.arrays[w.frames[f].array]
		n -= array.close - array.open - (w.frames[f].to - w.frames[f].from)
	}
	return n
}
