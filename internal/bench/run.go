package bench

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"winnow/internal/ui"
)

// run makes a run of ten segments beside what else would write the same rows.
func (b *bench) run(ctx context.Context) error {
	s, err := b.full(ctx)
	if err != nil {
		return err
	}
	if _, err := s.export(ctx); err != nil { // the rows that peers write
		return err
	}
	files, err := filepath.Glob(filepath.Join(s.folder, "exports", "nightly", "latest", "bucket-?.csv"))
	if err != nil || len(files) != segmentCount {
		return fmt.Errorf("the run has %d files, not %d: %w", len(files), segmentCount, err)
	}
	var ours []measured
	exporters, err := b.exporters(ctx, files)
	if err != nil {
		return err
	}
	theirs := make([][]measured, len(exporters))
	for round := range b.Rounds {
		b.note("nightly run: round %d of %d", round+1, b.Rounds)
		m, err := s.export(ctx)
		if err != nil {
			return err
		}
		ours = append(ours, m)
		for i, e := range exporters {
			m, err := e.measure(ctx)
			if err != nil {
				return fmt.Errorf("%s: %w", e.name, err)
			}
			theirs[i] = append(theirs[i], m)
		}
	}
	what := fmt.Sprintf("nightly run of %s into ten segments", ui.Count(int64(b.Contacts), "contact"))
	if len(exporters) == 0 {
		b.report.add(Line{Row: "run", What: what, Unit: "s", Value: median(walls(ours))}.using(ours[0]))
	}
	for i, e := range exporters {
		line := Line{Row: "run", What: what, Unit: "s"}
		if i == 0 {
			line = line.using(ours[0])
		}
		if e.name == sqliteName {
			line.Goal = "<= 1"
		}
		b.report.add(line.against(e.name, walls(ours), walls(theirs[i])))
		if e.serverless {
			b.report.add(Line{Row: "run", What: "CPU of the same", Unit: "s"}.against(e.name, cpus(ours), cpus(theirs[i])))
		}
	}
	return nil
}

// export makes a run. Runs are named by the second, so that there is one in each.
func (s *site) export(ctx context.Context) (measured, error) {
	now := time.Now()
	time.Sleep(now.Truncate(time.Second).Add(time.Second).Sub(now))
	return s.winnow(ctx, "export", "nightly")
}

func walls(list []measured) (seconds []float64) {
	for _, m := range list {
		seconds = append(seconds, m.took.Seconds())
	}
	return seconds
}

func cpus(list []measured) (seconds []float64) {
	for _, m := range list {
		seconds = append(seconds, m.CPU.Seconds())
	}
	return seconds
}

// bucketFile is the name of the file of a segment.
func bucketFile(bucket int) string { return "bucket-" + strconv.Itoa(bucket) + ".csv" }
