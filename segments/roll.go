package segments

// roll keeps who is in a segment, for the deltas of later runs. It is kept of a
// segment without a delta, too: when it gets one, the delta tells who left since
// the run before, whose whole file readers may have.
type roll struct {
	to     *memberWriter // nil when no list can be written
	unkept error         // why the members are not kept
	done   bool
}

// openRoll begins the roll of a segment; without a book it keeps nothing.
func (x *execution) openRoll(segment string) *roll {
	r := &roll{}
	if x.plan.Book == nil {
		return r
	}
	list, err := x.plan.Book.CreateMembers(x.plan.Run, segment)
	if r.unkept = err; err == nil {
		r.to = newMemberWriter(list, memberTitle(x.plan.Export.Name, x.plan.Run.Name, segment))
	}
	return r
}

func (r *roll) add(m *member) {
	if r.to != nil {
		r.to.add(m)
	}
}

// close ends the roll.
func (r *roll) close() {
	r.done = true
	if r.to != nil {
		r.unkept = r.to.close()
	}
}

// abandon ends a roll that was not closed, as its segment or the run failed.
func (r *roll) abandon() {
	if !r.done && r.to != nil {
		r.to.to.Discard()
	}
	r.done = true
}
