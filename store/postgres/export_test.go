package postgres

import "winnow/store/engine"

// Renew renews a lock once, as its process does every few seconds.
func Renew(l engine.Lock) bool { return l.(*lease).renewOnce() }
