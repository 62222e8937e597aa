package status

import (
	"os"
	"strings"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/console/view"
	"winnow/internal/ui"
	"winnow/store"
	"winnow/store/engine"
)

// settledFor is how long a process must have been connected: a command comes and goes. Tests
// shorten it.
var settledFor = 5 * time.Second

// addProcesses adds the processes that use a store on a server.
func addProcesses(st *view.Status, s *store.Store) error {
	server, err := s.Server()
	if err != nil || server == nil {
		return err
	}
	here, err := os.Hostname()
	if err != nil {
		return err
	}
	daemon, _, running := s.Lock("jobs").Taken()
	now := hygiene.InstantOf(time.Now().Add(server.Clock)) // by the clock of the server
	for _, p := range server.Processes {
		holder := engine.Holder{Process: p.ID, Host: p.Host}
		if holder.Host == here {
			holder.Host = ""
		}
		if now.Sub(p.Since) >= settledFor {
			st.Processes = append(st.Processes, view.Process{Host: p.Host, Process: p.ID, Since: p.Since, Jobs: running && holder == daemon})
		}
	}
	return nil
}

// processRow says which processes use a store on a server.
func processRow(list []view.Process) [][]string {
	var names []string
	for _, p := range list {
		name := app.ProcessName(engine.Holder{Process: p.Process, Host: p.Host})
		if p.Jobs {
			name += " (runs the jobs)"
		}
		names = append(names, name)
	}
	if names == nil {
		return nil
	}
	return [][]string{{"processes", ui.Number(int64(len(list))), strings.Join(names, ", ")}}
}
