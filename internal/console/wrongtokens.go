package console

import (
	"container/list"
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"winnow/internal/loglimit"
)

// How wrong tokens are slowed down. A token of 128 bits needs none of it; this is for
// one that people made up.
const (
	freeTries   = 5                      // wrong tokens of an address that are answered immediately
	firstWait   = 100 * time.Millisecond // after these; it doubles with each wrong token
	longestWait = 2 * time.Second
	forgetAfter = 15 * time.Minute // without another wrong token

	// maxWaiting is how many requests wait at the same time. Those beyond it are
	// answered immediately and their connections closed: waiting must not use up the
	// memory and the descriptors of the daemon.
	maxWaiting = 64
	// maxAddresses is how many addresses are known at the same time. The one whose
	// last wrong token is the longest ago goes first.
	maxAddresses = 4096
)

// logWrongEvery is how often wrong tokens are logged.
const logWrongEvery = time.Minute

// wrongTokens knows which addresses sent wrong tokens. It is asked only after a token
// has turned out to be wrong, so it can't delay the right one: not even behind a
// proxy, where all callers have one address.
type wrongTokens struct {
	burst *loglimit.Burst

	mu      sync.Mutex
	known   map[netip.Prefix]*list.Element
	recent  list.List // of *wrongAddress, the latest first
	waiting int
}

// wrongAddress is where wrong tokens come from: an IPv4 address, or the /64 of an
// IPv6 address, all of which one host usually has.
type wrongAddress struct {
	prefix netip.Prefix
	tries  int
	last   time.Time
}

func newWrongTokens(logger *slog.Logger) *wrongTokens {
	return &wrongTokens{
		known: map[netip.Prefix]*list.Element{},
		burst: loglimit.NewBurst(logWrongEvery, func(count int, latest string) {
			logger.Warn("wrong admin tokens", "count", count, "latest_address", latest)
		}),
	}
}

// refuse counts a request with a wrong token and lets it wait for its refusal.
func (s *server) refuse(w http.ResponseWriter, req *http.Request) {
	s.Metrics.adminRefused.WithLabelValues(routeOf(req)).Inc()
	if !s.wrong.wait(req.Context(), req.RemoteAddr) {
		w.Header().Set("Connection", "close")
	}
}

// wait notes a wrong token of a remote address and waits as long as that address has
// to, or until the caller hangs up. It returns false, without waiting, if too many
// wait already.
func (t *wrongTokens) wait(ctx context.Context, remote string) bool {
	address := addressOf(remote)
	t.burst.Add(address.String())
	pause := waitAfter(t.add(prefixOf(address), time.Now()))
	if pause == 0 {
		return true
	}
	if !t.enter() {
		return false
	}
	defer t.leave()
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return true
}

// add counts a wrong token and returns how many came from there lately.
func (t *wrongTokens) add(prefix netip.Prefix, now time.Time) (tries int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	element := t.known[prefix]
	if element == nil {
		element = t.recent.PushFront(&wrongAddress{prefix: prefix})
		t.known[prefix] = element
	}
	t.recent.MoveToFront(element)
	address := element.Value.(*wrongAddress)
	if now.Sub(address.last) > forgetAfter {
		address.tries = 0
	}
	address.tries, address.last = address.tries+1, now
	if t.recent.Len() > maxAddresses {
		oldest := t.recent.Remove(t.recent.Back()).(*wrongAddress)
		delete(t.known, oldest.prefix)
	}
	return address.tries
}

func (t *wrongTokens) enter() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.waiting >= maxWaiting {
		return false
	}
	t.waiting++
	return true
}

func (t *wrongTokens) leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waiting--
}

// waitAfter is how long the refusal of so many wrong tokens from one address waits.
func waitAfter(tries int) time.Duration {
	pause := firstWait
	for n := freeTries + 1; n < tries && pause < longestWait; n++ {
		pause *= 2
	}
	if tries <= freeTries {
		return 0
	}
	return min(pause, longestWait)
}

// addressOf reads a remote address of net/http; the zero address if it is not one, as
// of a Unix socket.
func addressOf(remote string) netip.Addr {
	pair, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Addr{}
	}
	return pair.Addr().Unmap().WithZone("")
}

// prefixOf is the part of an address that one host has to itself.
func prefixOf(address netip.Addr) netip.Prefix {
	bits := address.BitLen()
	if address.Is6() {
		bits = 64
	}
	prefix, _ := address.Prefix(bits) // of the zero address: the zero prefix
	return prefix
}
