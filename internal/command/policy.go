package command

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"winnow/internal/app"
	"winnow/internal/ui"
	"winnow/store"
)

// policyCommand is about the policies that judged. A ledger entry and a run bear
// the hash of theirs, which leads back to the text by these commands.
type policyCommand struct {
	List policyListCommand `cmd:"" default:"1" help:"List the policies that judged."`
	Show policyShowCommand `cmd:"" help:"Print the text of a policy that judged, as it was."`
}

// policyListCommand lists them.
type policyListCommand struct{}

// policiesShown is how many are shown on a screen.
const policiesShown = 20

// Run prints the policies that judged, the latest first.
func (policyListCommand) Run(c *invocation) error {
	return c.open(toRead, func(a *app.App) error {
		list, err := a.Store.Policies()
		if err != nil {
			return err
		}
		if c.JSON {
			return c.PrintJSON(append([]store.KeptPolicy{}, list...))
		}
		c.showPolicies(list)
		return nil
	})
}

func (c *invocation) showPolicies(list []store.KeptPolicy) {
	now := "none is in force, since no daemon has run with this store"
	rows := [][]string{{"POLICY", "FIRST USED", ""}}
	for i, p := range list {
		note := ""
		if p.InForce {
			now, note = p.Hash+" is in force", "in force"
		}
		if i < policiesShown || p.InForce {
			rows = append(rows, []string{p.Hash, p.FirstUsed.Time().Format(time.RFC3339), note})
		}
	}
	if len(list) == 0 {
		fmt.Fprintln(c.Stdout, "No policy has judged yet.")
		return
	}
	judged := "policy has judged"
	if len(list) > 1 {
		judged = "policies have judged"
	}
	fmt.Fprintf(c.Stdout, "%s %s; %s. winnow policy show %s prints the latest.\n", ui.Number(int64(len(list))), judged, now, list[0].Hash)
	ui.Table(c.Stdout, rows)
	if older := len(list) - (len(rows) - 1); older > 0 {
		fmt.Fprintf(c.Stdout, "… and %s older; --json lists all\n", ui.Number(int64(older)))
	}
}

// policyShowCommand prints one.
type policyShowCommand struct {
	Hash string `arg:"" help:"Its hash, or the beginning of it."`
}

// shownPolicy is what policy show prints as JSON.
type shownPolicy struct {
	store.KeptPolicy
	Text string `json:"text"`
}

// Run prints the text of the policy byte for byte, so that it can be compared
// with a file, or take its place.
func (x policyShowCommand) Run(c *invocation) error {
	hash := strings.ToLower(strings.TrimSpace(x.Hash))
	if hash == "" || strings.Trim(hash, "0123456789abcdef") != "" {
		return ui.Usagef("%q is no hash of a policy: write for example 3f2a91c04b7d, or the beginning of it", x.Hash)
	}
	return c.open(toRead, func(a *app.App) error {
		p, text, err := a.Store.PolicyText(hash)
		switch {
		case errors.Is(err, store.ErrNoPolicy):
			return fmt.Errorf("no policy %s has judged in this store: winnow policy lists those that have; a hash also stands in each manifest.json and in winnow explain --json", hash)
		case err != nil:
			return err
		case c.JSON:
			return c.PrintJSON(shownPolicy{p, text})
		}
		_, err = io.WriteString(c.Stdout, text)
		return err
	})
}
