package command

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// commandGroups are the titles under which help lists the commands, in its order.
var commandGroups = []kong.Group{
	{Key: "setup", Title: "Set up and run:"},
	{Key: "rules", Title: "Change rules:"},
	{Key: "contacts", Title: "Look at contacts, and change them:"},
	{Key: "lists", Title: "Import and clean lists:"},
	{Key: "exports", Title: "Run jobs and exports now:"},
	{Key: "state", Title: "See what happens:"},
	{Key: "program", Title: "About winnow:"},
}

// examples are command lines that help shows, by command.
var examples = map[string][]string{
	"":                    {"winnow demo", "winnow init", "winnow serve -c /etc/winnow/winnow.yaml", "winnow explain crm-1042"},
	"kit":                 {"winnow kit systemd", "winnow kit prometheus /etc/prometheus/winnow"},
	"init":                {"winnow init", "winnow init -c /etc/winnow/winnow.yaml"},
	"serve":               {"winnow serve", "winnow serve -c /etc/winnow/winnow.yaml", "winnow serve --receive -c /etc/winnow/winnow.yaml"},
	"demo":                {"winnow demo --keep"},
	"simulate":            {"winnow simulate", "winnow simulate --find-limit --within 50ms", "winnow simulate --copy --rate 500 --for 1m --keep", "winnow simulate --file month.ndjson --days 30", "winnow simulate --live --rate 100 -c /etc/winnow/winnow.yaml"},
	"check":               {"winnow check", "winnow check --strict", "winnow check --secrets -c /etc/winnow/winnow.yaml"},
	"test":                {"winnow test winnow.test.yaml", "winnow test --run 'soft bounce' -v winnow.test.yaml"},
	"plan":                {"winnow plan", "winnow plan --backtest 90d", "winnow plan -c edited.yaml --json"},
	"policy list":         {"winnow policy"},
	"policy show":         {"winnow policy show 3f2a91c04b7d"},
	"sweep":               {"winnow sweep"},
	"review":              {"winnow review"},
	"retain":              {"winnow retain --dry-run", "winnow retain"},
	"export":              {"winnow export nightly"},
	"release":             {"winnow release nightly --show", "winnow release nightly/2026-11-23T020000Z"},
	"explain":             {"winnow explain crm-1042", "winnow explain crm-1042 -v"},
	"suppress":            {"winnow suppress crm-1042 --reason complained --note 'by phone'"},
	"forget":              {"winnow forget crm-1042 --dry-run", "winnow forget crm-1042 --exports"},
	"merge":               {"winnow merge crm-1042 --into crm-2001", "winnow merge --file joined.csv --apply"},
	"export-person":       {"winnow export-person crm-1042 -o crm-1042.json", "winnow export-person +905551234567"},
	"hold":                {"winnow hold crm-1042 --note 'claim 2026-17'", "winnow hold crm-1042 --end", "winnow hold --list"},
	"allow":               {"winnow allow crm-1042 --note 'new number'", "winnow allow crm-1042 --reason opted_out --note 'asked by mail'"},
	"undo":                {"winnow undo --reason hard_bounce --since 2026-11-23T09:00:00Z --until 2026-11-23T12:00:00Z"},
	"rejudge":             {"winnow rejudge", "winnow rejudge --apply"},
	"reclassify":          {"winnow reclassify --apply"},
	"import events":       {"winnow import events archive.ndjson", "winnow import events bodies.txt --from twilio --received 2026-11-20", "winnow import events log.csv --source insider --map id=MessageId,event=Status,at=Date"},
	"import messages":     {"winnow import messages sent.csv"},
	"import contacts":     {"winnow import contacts crm.csv --apply"},
	"import suppressions": {"winnow import suppressions optouts.csv --apply", "winnow import suppressions numbers.csv --by phone --reason opted_out", "winnow import suppressions registry.csv --from iys --apply"},
	"reconcile":           {"winnow reconcile optouts.csv -o differences", "winnow reconcile registry.csv --from iys --apply"},
	"list all":            {"winnow list"},
	"list add":            {"winnow list add staff staff.csv"},
	"list remove":         {"winnow list remove staff left.csv"},
	"list show":           {"winnow list show staff"},
	"pin":                 {"winnow pin reachable crm-1042 --out"},
	"breaker list":        {"winnow breaker"},
	"breaker release":     {"winnow breaker release 1"},
	"breaker discard":     {"winnow breaker discard 1"},
	"scrub":               {"winnow scrub list.csv --column contact -o clean.csv --rejected rejected.csv"},
	"report":              {"winnow report --since 30d --by day,outcome"},
	"status":              {"winnow status", "winnow status --json"},
	"schedule":            {"winnow schedule -n 3"},
	"source confirm":      {"winnow source confirm --source aws"},
	"source list":         {"winnow source"},
	"source show":         {"winnow source show twilio"},
	"source test":         {"winnow source test gateway.yaml"},
	"source try":          {"winnow source try --source twilio body.txt", "winnow source try --source messagebird --method GET --query 'id=a&status=delivered' /dev/null"},
	"quarantine list":     {"winnow quarantine -n 100 --json"},
	"quarantine retry":    {"winnow quarantine retry --source insider", "winnow quarantine retry --source insider --apply"},
	"regret":              {"winnow regret", "winnow regret --json"},
	"silent":              {"winnow silent", "winnow silent --source insider --since 30d -o silent.csv"},
	"unmatched":           {"winnow unmatched"},
	"backup":              {"winnow backup /mnt/backup/winnow", "winnow backup --verify /mnt/backup/winnow", "winnow backup --verify /mnt/backup/winnow/2026-11-23T020000Z"},
	"doctor":              {"winnow doctor", "winnow doctor --json"},
	"restore":             {"winnow restore /mnt/backup/winnow", "winnow restore /mnt/backup/winnow/2026-11-23T020000Z -c /etc/winnow/winnow.yaml", "winnow restore /mnt/backup/winnow --erasures replaced/winnow.db"},
	"migrate":             {"winnow migrate --to postgres://winnow@db.example.com:5432/winnow", "winnow migrate --to 'postgres://winnow@db.example.com/winnow?sslmode=verify-full&passfile=/etc/winnow/pgpass' -c /etc/winnow/winnow.yaml"},
	"token":               {`curl -H "Authorization: Bearer $(winnow token)" http://127.0.0.1:8081/api/v1/status`},
	"health":              {"winnow health"},
	"bench all":           {"winnow bench", "winnow bench --only callbacks,run --lasting 3s", "winnow bench --peer 'contacts:awk=awk -F, \"{n++}\" {file}'"},
	"bench profile":       {"winnow bench profile", "winnow bench profile --contacts 1000000 --events 1000000"},
	"bench growth":        {"winnow bench growth --contacts 1000000 --events 0,10000000 --plot growth.svg"},
	"completion":          {"source <(winnow completion bash)"},
	"version":             {"winnow version"},
}

// ignoredFlags are the flags of all commands that some have no use for.
var ignoredFlags = map[string][]string{
	"serve": {"json", "now"}, "demo": {"json", "now", "config"}, "init": {"now"}, "kit": {"now"}, "completion": {"json", "now", "config"}, "bench": {"now", "config"},
	"health": {"json", "now"}, "migrate": {"now"}, "token": {"now"}, "version": {"now", "config"},
}

// ignores reports whether the command has no use for a flag of all commands.
func ignores(path []string, flag string) bool {
	return len(path) > 0 && flag == "version" || len(path) > 0 && slices.Contains(ignoredFlags[path[0]], flag)
}

// printHelp prints the help of the selected command, without flags that it ignores and
// with examples.
func printHelp(options kong.HelpOptions, ctx *kong.Context) error {
	path := []string{}
	if n := ctx.Selected(); n != nil {
		path = commandPath(n)
	}
	for _, f := range ctx.Model.Flags {
		f.Hidden = f.Hidden || ignores(path, f.Name)
	}
	if err := kong.DefaultHelpPrinter(options, ctx); err != nil {
		return err
	}
	lines := examples[strings.Join(path, " ")]
	if len(lines) == 0 {
		return nil
	}
	_, err := fmt.Fprintf(ctx.Stdout, "\nExamples:\n  %s\n", strings.Join(lines, "\n  "))
	return err
}

// commandPath is the words of a command after winnow.
func commandPath(n *kong.Node) []string {
	var path []string
	for ; n != nil && n.Type == kong.CommandNode; n = n.Parent {
		path = append(path, n.Name)
	}
	slices.Reverse(path)
	return path
}

// ignoredFlag is a flag on the command line that the command has no use for, or empty. It
// is not an error: a unit or a container's health check may have it.
func ignoredFlag(parsed *kong.Context) string {
	n := parsed.Selected()
	for _, given := range parsed.Path {
		if n != nil && given.Flag != nil && ignores(commandPath(n), given.Flag.Name) {
			return "--" + given.Flag.Name
		}
	}
	return ""
}
