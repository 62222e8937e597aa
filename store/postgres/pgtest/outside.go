package pgtest

import "sync"

// What is made in a bubble of testing/synctest may be used in that bubble only. What all
// tests share is made, and used, by one goroutine that was there before any bubble.
var (
	turn   sync.Mutex
	work   = make(chan func())
	worked = make(chan struct{})
)

func init() {
	go func() {
		for do := range work {
			do()
			worked <- struct{}{}
		}
	}()
}

// outside runs do outside all bubbles, one after the other, and waits for it.
func outside(do func()) {
	turn.Lock()
	defer turn.Unlock()
	work <- do
	<-worked
}
