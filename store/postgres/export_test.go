package postgres

import (
	"time"

	"winnow/store/engine"
)

// Renew renews a lock once, as its process does every few seconds.
func Renew(l engine.Lock) bool { return l.(*lease).renewOnce() }

// RenewedAt is when a lock was renewed last.
func RenewedAt(l engine.Lock) time.Time { return l.(*lease).renewed }

// SeeForLonger makes it seem that who wants the lock saw its lease as it is for longer than one
// lasts.
func SeeForLonger(l engine.Lock) {
	l.(*lease).seen.since = l.(*lease).seen.since.Add(-leaseFor - time.Second)
}
