package pagedata

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/config"
	"winnow/internal/console"
	"winnow/internal/console/view"
	"winnow/internal/impact"
	"winnow/internal/schedule"
	"winnow/internal/ui"
	"winnow/internal/yamldoc"
)

// MaxPasted is the largest config that may be pasted, in bytes.
const MaxPasted = 256 << 10

// maxProblems is how many problems of a pasted config are shown.
const maxProblems = 50

// pastedName names a pasted config in problems.
const pastedName = "pasted"

// Check begins to check a pasted config, and returns a name for [Source.Checked]. The text
// is not kept; nothing of it is applied.
func (s *Source) Check(ctx context.Context, text string) (id string, err error) {
	switch {
	case len(text) > MaxPasted:
		return "", console.NewAPIError(http.StatusRequestEntityTooLarge, fmt.Errorf("the config is larger than %d KiB, the most that can be pasted; use winnow check and winnow plan", MaxPasted>>10))
	case text == "":
		return "", console.NewAPIError(http.StatusBadRequest, errors.New("nothing was pasted"))
	}
	totals, err := s.Store.Totals()
	if err != nil {
		return "", err
	}
	id = rand.Text()
	q := question{name: checkKey(id), of: totals.Contacts, namesPeople: true}
	p, err := s.Passes.begin(q, func(ctx context.Context, out *ui.Printer) (any, error) { return s.checkPasted(ctx, out, []byte(text)) })
	s.Passes.await(ctx, p)
	return id, err
}

func checkKey(id string) string { return "check " + id }

// Checked returns what was found about a pasted config.
func (s *Source) Checked(_ context.Context, id string) (view.Checked, error) {
	now := hygiene.InstantOf(time.Now())
	p := s.Passes.get(checkKey(id))
	switch {
	case p == nil:
		return view.Checked{}, console.NewAPIError(http.StatusNotFound, errors.New("this check is no longer kept; paste the config again"))
	case !p.hasEnded():
		return view.Checked{AsOf: now, Counting: p.counting()}, nil
	case p.err != nil:
		return view.Checked{AsOf: now, Failed: p.err.Error()}, nil
	}
	return *p.result.(*view.Checked), nil
}

// checkPasted checks a config as winnow check does, but reads nothing beside its text, and
// compares contacts as winnow plan does.
func (s *Source) checkPasted(ctx context.Context, out *ui.Printer, text []byte) (*view.Checked, error) {
	now := time.Now()
	v := &view.Checked{AsOf: hygiene.InstantOf(now)}
	cfg, err := config.Parse(pastedName, text, config.Options{Sealed: true, CheckSchedule: schedule.Check})
	if problems := (*yamldoc.Problems)(nil); errors.As(err, &problems) {
		v.Problems, v.More = problemsOf(problems.List)
		return v, nil
	}
	if err != nil {
		return nil, err
	}
	v.Warnings, v.MoreWarnings = problemsOf(app.Warnings(cfg, now))
	v.Summary = fmt.Sprintf("%s, %s, %s, %s; policy %s", ui.Count(int64(len(cfg.Sources)), "source"), ui.Count(int64(len(cfg.Policy.Rules)), "rule"),
		ui.Count(int64(len(cfg.Segments)), "segment"), ui.Count(int64(len(cfg.Exports)), "export"), cfg.Hash)
	current := s.Config()
	if err := fitsStore(cfg, current); err != nil {
		v.Refused = err.Error()
	}
	d := diffOf(string(current.Redacted()), string(cfg.Redacted()))
	d.From, d.To, d.Rules = current.Hash, cfg.Hash, ruleEdits(current.Policy, cfg.Policy)
	v.Diff, v.Same = &d, current.Hash == cfg.Hash
	if v.Same || v.Refused != "" {
		return v, nil
	}
	cfg.Path = s.Path // the policies that the store keeps are read as that file's
	plan, err := impact.MakePlan(ctx, out, &app.App{Config: cfg, Store: s.Store}, 0, v.AsOf)
	if err != nil {
		return nil, err
	}
	v.Plan = planView(plan)
	return v, nil
}

func problemsOf(list []yamldoc.Problem) (texts []string, more int) {
	for i := range list[:min(len(list), maxProblems)] {
		texts = append(texts, list[i].String())
	}
	return texts, len(list) - len(texts)
}

// fitsStore is an error if the daemon would refuse the config for its store. It asks the
// config in force, and writes nothing.
func fitsStore(cfg, current *config.Config) error {
	switch {
	case cfg.Keys.Phone != current.Keys.Phone:
		return errors.New("contacts.key is not that of the config in force: existing suppressions would not match")
	case current.Keys.Fold && !cfg.Keys.Fold:
		return errors.New("contacts.fold is true in the config in force, and can't be taken back: write fold: true")
	}
	return app.CheckProtected(current.Policy, cfg)
}

func planView(p *impact.Plan) *view.Plan {
	v := &view.Plan{Summary: p.Summary(), Contacts: p.Contacts, Notes: p.Notes(), Warnings: p.Warnings}
	p.EachKind(func(name string, n int64, meaning string) {
		v.Kinds = append(v.Kinds, view.Effect{What: name, N: n, Meaning: meaning})
	})
	for i := range p.Rules {
		r := &p.Rules[i]
		if len(r.Samples) == 0 && r.Edit == "same" {
			continue
		}
		v.Rules = append(v.Rules, view.PlannedRule{Name: r.Name, Edit: string(r.Edit), Suppressed: r.Suppressed, Released: r.Released, Retries: r.Retries, Sample: first(r.Samples)})
	}
	for i := range p.Segments {
		g := &p.Segments[i]
		if g.Entered+g.Left == 0 && g.Edit == "same" {
			continue
		}
		v.Segments = append(v.Segments, view.PlannedSegment{Name: g.Name, Edit: string(g.Edit), Entered: g.Entered, Left: g.Left, Sample: first(g.Samples)})
	}
	return v
}

// first are the first keys of a sample.
func first(keys []string) []string { return keys[:min(len(keys), ui.SampleSize)] }
