package provider

// names are the names of one object's members, to see that none is there twice.
// A few are compared one by one, which is quickest; of many a map is made, so
// that no object takes longer than its length deserves.
type names struct {
	from int // where the few begin among the open names
	many map[string]struct{}
}

// few is how many names are compared one by one.
const few = 16

// openNames are the few names of each object that is open, those of the
// innermost last: one row for all, so that an object inside another takes no
// more memory than its names do. Ordinary events find room at its beginning,
// which is not allocated.
type openNames struct {
	n     int
	room  [2 * few]string
	after []string
}

func (open *openNames) begin() names { return names{from: open.n} }

// add notes a name of the innermost object, and tells whether it is new.
func (open *openNames) add(o *names, name string) bool {
	if o.many != nil {
		return o.addToMany(name)
	}
	for i := o.from; i < open.n; i++ {
		if open.at(i) == name {
			return false
		}
	}
	if open.n-o.from < few {
		open.push(name)
		return true
	}
	o.many = make(map[string]struct{}, 4*few)
	for i := o.from; i < open.n; i++ {
		o.many[open.at(i)] = struct{}{}
	}
	return o.addToMany(name)
}

// end forgets the innermost object's names.
func (open *openNames) end(o *names) {
	open.n = o.from
	open.after = open.after[:max(0, open.n-len(open.room))]
}

func (open *openNames) at(i int) string {
	if i < len(open.room) {
		return open.room[i]
	}
	return open.after[i-len(open.room)]
}

func (open *openNames) push(name string) {
	if open.n < len(open.room) {
		open.room[open.n] = name
	} else {
		open.after = append(open.after, name)
	}
	open.n++
}

func (o *names) addToMany(name string) bool {
	before := len(o.many)
	o.many[name] = struct{}{}
	return len(o.many) > before
}
