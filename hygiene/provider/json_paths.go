package provider

import "strings"

// maxSlots is the most paths that a scanner looks for.
const maxSlots = 12

// member is one step of a dotted path. The paths that a scanner looks for are a
// tree of members.
type member struct {
	name  string
	slots []int // where the value goes; none when only something inside is wanted
	in    []member
}

// pathTree makes a tree of dotted paths. The slot of each path is its place in the
// arguments. An empty path is never found.
func pathTree(paths ...string) []member {
	var root []member
	for slot, path := range paths {
		if path == "" {
			continue
		}
		level, last := &root, (*member)(nil)
		for name := range strings.SplitSeq(path, ".") {
			if find(*level, name) == nil {
				*level = append(*level, member{name: name})
			}
			last = find(*level, name)
			level = &last.in
		}
		last.slots = append(last.slots, slot)
	}
	return root
}

// find finds the member of that name; nil for none.
func find(members []member, name string) *member {
	for i := range members {
		if members[i].name == name {
			return &members[i]
		}
	}
	return nil
}
