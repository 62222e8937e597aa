package provider

// level is an array or object that skip is inside of.
type level struct {
	end   byte
	names nameSet // of an object
}

// skip scans one value in which nothing is wanted. It is a loop because the body
// decides how deeply it is nested: the stack of a recursive function would need a
// hundred times the bytes of the body, and stay that large.
func (s *scanner) skip() error {
	if s.at < len(s.text) && s.text[s.at] != '{' && s.text[s.at] != '[' {
		return s.scalar()
	}
	s.open = s.open[:0]
	for {
		entered, err := s.enter()
		if err != nil {
			return err
		}
		if entered {
			continue
		}
		if more, err := s.leave(); err != nil || !more {
			return err
		}
	}
}

// enter scans a scalar or an empty array or object; of any other it scans up to
// the first value inside, and reports true.
func (s *scanner) enter() (bool, error) {
	if s.at == len(s.text) {
		return false, s.fail(errBroken)
	}
	end := byte('}')
	switch s.text[s.at] {
	case '{':
	case '[':
		end = ']'
	default:
		return false, s.scalar()
	}
	if more, err := s.begin(end); err != nil || !more {
		return false, err
	}
	s.open = append(s.open, level{end: end, names: s.names.begin()})
	return true, s.key()
}

// leave scans to the next value, past all arrays and objects that end here, and
// reports whether there is one.
func (s *scanner) leave() (bool, error) {
	for len(s.open) > 0 {
		in := &s.open[len(s.open)-1]
		more, err := s.more(in.end)
		if err != nil {
			return false, err
		}
		if more {
			return true, s.key()
		}
		s.names.end(&in.names)
		s.open = s.open[:len(s.open)-1]
	}
	return false, nil
}

// key scans the name before a value in an object.
func (s *scanner) key() error {
	in := &s.open[len(s.open)-1]
	if in.end == ']' {
		return nil
	}
	_, err := s.name(&in.names)
	return err
}
