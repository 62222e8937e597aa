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

// policyCommand is about the policies that were applied. Ledger entries and runs have
// the hash of their policy; these commands find its text.
type policyCommand struct {
	List policyListCommand `cmd:"" default:"1" help:"List the policies that were applied, the latest first."`
	Show policyShowCommand `cmd:"" help:"Print the text of a policy that was applied."`
}

// policyListCommand lists policies.
type policyListCommand struct{}

// maxListedPolicies is how many policies are printed for people, beside the one in
// force.
const maxListedPolicies = 20

// Run lists the policies, the latest first.
func (policyListCommand) Run(c *invocation) error {
	return c.open(toRead, func(a *app.App) error {
		policies, err := a.Store.Policies()
		if err != nil {
			return err
		}
		if c.JSON {
			return c.PrintJSON(append([]store.SavedPolicy{}, policies...))
		}
		if len(policies) == 0 {
			_, err := fmt.Fprintln(c.Stdout, "no policy was applied yet")
			return err
		}
		inForce := "none is in force, since no daemon has run with this store"
		rows := [][]string{{"POLICY", "FIRST USED", ""}}
		for i, p := range policies {
			note := ""
			if p.InForce {
				inForce, note = p.Hash+" is in force", "in force"
			}
			if i < maxListedPolicies || p.InForce {
				rows = append(rows, []string{p.Hash, p.FirstUsed.Time().Format(time.RFC3339), note})
			}
		}
		applied := "policy was applied"
		if len(policies) > 1 {
			applied = "policies were applied"
		}
		fmt.Fprintf(c.Stdout, "%s %s; %s. winnow policy show %s prints the latest.\n", ui.Number(int64(len(policies))), applied, inForce, policies[0].Hash)
		ui.Table(c.Stdout, rows)
		if older := len(policies) - (len(rows) - 1); older > 0 {
			fmt.Fprintf(c.Stdout, "… and %s older: --json lists all\n", ui.Number(int64(older)))
		}
		return nil
	})
}

// policyShowCommand prints a policy.
type policyShowCommand struct {
	Hash string `arg:"" help:"Hash of the policy, or its beginning."`
}

// policyText is what policy show prints as JSON.
type policyText struct {
	store.SavedPolicy
	Text string `json:"text"`
}

// Run prints the text of the policy byte for byte, so that it can be compared with a
// file or replace it. Only its secrets are starred out.
func (x policyShowCommand) Run(c *invocation) error {
	hash := strings.ToLower(strings.TrimSpace(x.Hash))
	if hash == "" || strings.Trim(hash, "0123456789abcdef") != "" {
		return ui.Usagef("%q is not a policy hash: write for example 3f2a91c04b7d, or its beginning", x.Hash)
	}
	return c.open(toRead, func(a *app.App) error {
		p, text, err := a.FindPolicy(hash)
		switch {
		case errors.Is(err, store.ErrNoPolicy):
			return fmt.Errorf("no policy %s was applied in this store: winnow policy lists those that were; each manifest.json and winnow explain --json also name a hash", hash)
		case err != nil:
			return err
		case c.JSON:
			return c.PrintJSON(policyText{p, text})
		}
		_, err = io.WriteString(c.Exact(), text)
		return err
	})
}
