package daemon

import (
	"log/slog"
	"net"
	"net/http"
	"time"

	"winnow/internal/connlimit"
	"winnow/internal/loglimit"
	"winnow/segments"
	"winnow/segments/destination/local"
)

const (
	// baseDescriptors are those of the store, its locks and scratch files, the log and
	// the listeners. A daemon that sweeps has 35 of them open.
	baseDescriptors = 80
	// apiDescriptors are those of a connection to the private server: itself, and a
	// snapshot of both files of the store.
	apiDescriptors = 5
	// deliveryDescriptors are those of a delivery to a server.
	deliveryDescriptors = 4

	minConnections        = 16   // to the public server, however few descriptors there are
	maxConnections        = 4096 // however many: an idle one takes 17 KiB of memory
	minPrivateConnections = 8
	maxPrivateConnections = 256
)

// strangerIdle is how long a connection without a known token may be idle. Connections
// with one have the timeout of their server.
const strangerIdle = 30 * time.Second

// connections are the limits of the connections of both servers. Together they leave
// enough descriptors for the store and the jobs.
type connections struct {
	public, private *connlimit.Limit
	descriptors     int // of the process
}

func newConnections(log *slog.Logger) (*connections, error) {
	descriptors, err := connlimit.Descriptors()
	if err != nil {
		return nil, err
	}
	_, private := connectionsFor(descriptors, 0)
	return &connections{
		public:      connlimit.New(minConnections, strangerIdle, logEvictions(log, "public")),
		private:     connlimit.New(private, strangerIdle, logEvictions(log, "admin")),
		descriptors: descriptors,
	}, nil
}

// connectionsFor divides descriptors of which the jobs need some.
func connectionsFor(descriptors, jobs int) (public, private int) {
	private = min(max(descriptors/32, minPrivateConnections), maxPrivateConnections)
	public = descriptors - baseDescriptors - private*apiDescriptors - jobs
	return min(max(public, minConnections), maxConnections), private
}

// adjust fits the limit of the public server to the exports of the config in force.
func (c *connections) adjust(exports []segments.Export, log *slog.Logger) {
	public, _ := connectionsFor(c.descriptors, jobDescriptors(exports))
	c.public.SetMax(public)
	if public == minConnections {
		log.Warn("the process may open too few files for many connections and all exports; raise LimitNOFILE or ulimit -n", "files", c.descriptors)
	}
}

// jobDescriptors is how many files the largest run has open, and all deliveries. A run
// writes all its files and lists of members at the same time, while it reads the lists
// that its deltas are compared with.
func jobDescriptors(exports []segments.Export) int {
	largest, deliveries := 0, 0
	for _, e := range exports {
		folders, servers := local.Split(e.To)
		copies := len(folders) + min(len(servers), 1) // one in the outbox for all servers
		files := (len(e.Segments) + len(e.Delta)) * (len(e.Formats)*copies + 1)
		largest, deliveries = max(largest, files), deliveries+len(servers)*deliveryDescriptors
	}
	return largest + deliveries
}

// evictionsLogged is how often the log says that connections were closed to make room.
const evictionsLogged = time.Minute

// logEvictions returns what logs them, for the server of that name.
func logEvictions(log *slog.Logger, server string) func() {
	limiter := loglimit.New(evictionsLogged)
	return func() {
		if count, ok := limiter.Allow(time.Now()); ok {
			// Not here, because the limit waits for this function.
			go log.Warn("the server has as many connections as it may have; those idle for longest are closed", "server", server, "closed", count)
		}
	}
}

// limited applies a limit to a server and its listener.
func limited(limit *connlimit.Limit, s *http.Server, l net.Listener) net.Listener {
	limit.Watch(s)
	return limit.Listener(l)
}
