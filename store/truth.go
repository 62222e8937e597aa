package store

// asInt is a truth value as it is stored.
func asInt(is bool) int64 {
	if is {
		return 1
	}
	return 0
}
