package provider

// nameSet holds the names of one object's members, to find a name that is there
// twice. Up to maxCompared names are in the nameStack and are compared one by one,
// which is fastest. More are in a map, which keeps the time linear.
type nameSet struct {
	from int // where its names begin in the nameStack
	many map[string]struct{}
}

// maxCompared is how many names are compared one by one.
const maxCompared = 16

// nameStack holds the names of all objects that are open, those of the innermost
// last. One stack for all means that a nested object takes no more memory than its
// names. The names of ordinary events fit into fixed, which is not allocated.
type nameStack struct {
	n     int
	fixed [2 * maxCompared]string
	more  []string
}

func (stack *nameStack) begin() nameSet { return nameSet{from: stack.n} }

// add adds a name of the innermost object, and reports whether it is new.
func (stack *nameStack) add(o *nameSet, name string) bool {
	if o.many != nil {
		return o.addToMany(name)
	}
	for i := o.from; i < stack.n; i++ {
		if stack.at(i) == name {
			return false
		}
	}
	if stack.n-o.from < maxCompared {
		stack.push(name)
		return true
	}
	o.many = make(map[string]struct{}, 4*maxCompared)
	for i := o.from; i < stack.n; i++ {
		o.many[stack.at(i)] = struct{}{}
	}
	return o.addToMany(name)
}

// end drops the names of the innermost object.
func (stack *nameStack) end(o *nameSet) {
	stack.n = o.from
	stack.more = stack.more[:max(0, stack.n-len(stack.fixed))]
}

func (stack *nameStack) at(i int) string {
	if i < len(stack.fixed) {
		return stack.fixed[i]
	}
	return stack.more[i-len(stack.fixed)]
}

func (stack *nameStack) push(name string) {
	if stack.n < len(stack.fixed) {
		stack.fixed[stack.n] = name
	} else {
		stack.more = append(stack.more, name)
	}
	stack.n++
}

func (o *nameSet) addToMany(name string) bool {
	before := len(o.many)
	o.many[name] = struct{}{}
	return len(o.many) > before
}
