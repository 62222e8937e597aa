package connlimit

import (
	"context"
	"net"
	"syscall"
)

// deferFor is how many seconds a connection may take to send its first byte before it
// is accepted without.
const deferFor = 5

// Listen listens on a TCP address. The kernel keeps a connection to itself until its
// client has sent something, so silent ones take no descriptor, and the request of a
// callback has usually arrived when its connection is accepted.
func Listen(address string) (net.Listener, error) {
	var failed error
	config := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		err := raw.Control(func(fd uintptr) {
			failed = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_DEFER_ACCEPT, deferFor)
		})
		if err != nil {
			return err
		}
		return failed
	}}
	return config.Listen(context.Background(), "tcp", address)
}
