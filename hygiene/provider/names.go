package provider

// names are the names of one object's members, to see that none is there twice.
// A few are compared one by one, which is quickest; of many a map is made, so
// that no object takes longer than its length deserves.
type names struct {
	few  [16]string
	n    int
	many map[string]struct{}
}

// add notes a name, and tells whether it is new.
func (o *names) add(name string) bool {
	if o.many != nil {
		return o.addToMany(name)
	}
	for _, other := range o.few[:o.n] {
		if other == name {
			return false
		}
	}
	if o.n < len(o.few) {
		o.few[o.n] = name
		o.n++
		return true
	}
	o.many = make(map[string]struct{}, 4*len(o.few))
	for _, other := range o.few {
		o.many[other] = struct{}{}
	}
	return o.addToMany(name)
}

func (o *names) addToMany(name string) bool {
	before := len(o.many)
	o.many[name] = struct{}{}
	return len(o.many) > before
}
