package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// peer is a program beside winnow, ready to be measured.
type peer struct {
	name       string
	serverless bool // it does all the work itself, so that its CPU and bytes say something
	measure    func(context.Context) (measured, error)
}

// sqliteName is the peer that a goal names.
const sqliteName = "sqlite3"

// The programs that come with databases.
const (
	sqliteProgram = "sqlite3"
	psqlProgram   = "psql"
)

// exportTable is the table from which the databases write the rows of a run: the columns are
// ready, beside a blob as large as a history.
const exportTable = "(contact TEXT PRIMARY KEY, phone TEXT, status TEXT, last_delivered_at TEXT, sent_count INTEGER, bucket INTEGER"

// historyBytes is about as large as a packed history of full outcomes.
const historyBytes = 512

// exporters are the peers of a run: its files have the rows that they write.
func (b *bench) exporters(ctx context.Context, files []string) (list []peer, err error) {
	all := filepath.Join(b.folder, "rows.csv")
	if err := concatenate(all, files); err != nil {
		return nil, err
	}
	if b.installed(sqliteProgram) {
		p, err := b.sqliteExporter(ctx, all)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	if b.Postgres != "" && b.installed(psqlProgram) {
		p, err := b.psqlExporter(ctx, all)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return append(list, b.ownPeers("run", all)...), nil
}

// importers are the peers of an import of a list.
func (b *bench) importers(l list, path string) (list []peer) {
	columns := l.columns[0] + " TEXT PRIMARY KEY, " + strings.Join(l.columns[1:], " TEXT, ") + " TEXT"
	if b.installed(sqliteProgram) {
		database := filepath.Join(b.folder, l.name+".db")
		list = append(list, peer{name: "sqlite3 .import", serverless: true, measure: func(ctx context.Context) (measured, error) {
			return process(exec.CommandContext(ctx, sqliteProgram, database, "CREATE TABLE list ("+columns+") WITHOUT ROWID", ".import --csv --skip 1 "+path+" list"))
		}})
	}
	if b.Postgres != "" && b.installed(psqlProgram) {
		list = append(list, peer{name: "psql \\copy", measure: func(ctx context.Context) (measured, error) {
			const table = "winnow_bench_list"
			return b.psql(ctx, "DROP TABLE IF EXISTS "+table, "CREATE TABLE "+table+" ("+columns+")", `\copy `+table+` FROM '`+path+`' WITH (FORMAT csv, HEADER)`, "DROP TABLE "+table)
		}})
	}
	return append(list, b.ownPeers(l.name, path)...)
}

// installed reports whether a program is there; if not, the report says so.
func (b *bench) installed(program string) bool {
	_, err := exec.LookPath(program)
	if err != nil {
		b.report.leaveOut("%s, which is not installed", program)
	}
	return err == nil
}

// ownPeers are those of the user.
func (b *bench) ownPeers(input, file string) (list []peer) {
	for _, p := range b.Peers {
		if p.Input != input {
			continue
		}
		list = append(list, peer{name: p.Name, serverless: true, measure: func(ctx context.Context) (m measured, err error) {
			out, err := os.MkdirTemp(b.folder, "peer-")
			if err != nil {
				return m, err
			}
			defer func() { err = errors.Join(err, os.RemoveAll(out)) }()
			line := strings.NewReplacer("{file}", file, "{out}", out).Replace(p.Command)
			return process(exec.CommandContext(ctx, "sh", "-c", line))
		}})
	}
	return list
}

// sqliteExporter is ten queries, each by a shell of its own, as a script would.
func (b *bench) sqliteExporter(ctx context.Context, rows string) (peer, error) {
	database, out := filepath.Join(b.folder, "rows.db"), filepath.Join(b.folder, "sqlite")
	load := exec.CommandContext(ctx, sqliteProgram, database, "CREATE TABLE written "+exportTable+")", ".import --csv --skip 1 "+rows+" written",
		"CREATE TABLE plain "+exportTable+", history BLOB)", fmt.Sprintf("INSERT INTO plain SELECT *, randomblob(%d) FROM written ORDER BY contact", historyBytes), "DROP TABLE written", "VACUUM")
	if _, err := process(load); err != nil {
		return peer{}, err
	}
	return peer{name: sqliteName, serverless: true, measure: func(ctx context.Context) (all measured, err error) {
		return tenTimes(func(bucket int) (measured, error) {
			return process(exec.CommandContext(ctx, sqliteProgram, "-csv", "-header", database, ".output "+out+bucketFile(bucket), rowsOf(bucket)))
		})
	}}, os.MkdirAll(out, 0o700)
}

// rowsOf is the query for the rows of a segment.
func rowsOf(bucket int) string {
	return fmt.Sprintf("SELECT contact, phone, status, last_delivered_at, sent_count, bucket FROM plain WHERE bucket = %d ORDER BY contact", bucket)
}

// tenTimes measures a command for each segment, one after the other.
func tenTimes(do func(bucket int) (measured, error)) (all measured, err error) {
	for bucket := range segmentCount {
		m, err := do(bucket)
		if err != nil {
			return all, err
		}
		all.took, all.Usage = all.took+m.took, all.Add(m.Usage)
	}
	return all, nil
}

// psqlExporter is ten \copy, all of one psql, from an unlogged table that it makes anew.
func (b *bench) psqlExporter(ctx context.Context, rows string) (peer, error) {
	const table = "winnow_bench_rows"
	_, err := b.psql(ctx, "DROP TABLE IF EXISTS "+table, "CREATE UNLOGGED TABLE "+table+" "+exportTable+", history BYTEA)",
		`\copy `+table+` (contact, phone, status, last_delivered_at, sent_count, bucket) FROM '`+rows+`' WITH (FORMAT csv, HEADER)`,
		fmt.Sprintf("UPDATE %s SET history = decode(repeat(md5(contact), %d), 'hex')", table, historyBytes/16), "VACUUM (FULL, ANALYZE) "+table)
	if err != nil {
		return peer{}, err
	}
	b.after = append(b.after, func() error {
		_, err := b.psql(context.WithoutCancel(ctx), "DROP TABLE "+table)
		return err
	})
	var copies []string
	for bucket := range segmentCount {
		copies = append(copies, fmt.Sprintf(`\copy (%s) TO '%s' WITH (FORMAT csv, HEADER)`, strings.Replace(rowsOf(bucket), "plain", table, 1), filepath.Join(b.folder, "psql-"+bucketFile(bucket))))
	}
	return peer{name: "psql \\copy", measure: func(ctx context.Context) (measured, error) { return b.psql(ctx, copies...) }}, nil
}

// psql runs commands on the server.
func (b *bench) psql(ctx context.Context, commands ...string) (measured, error) {
	args := []string{"--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--dbname=" + b.Postgres}
	for _, command := range commands {
		args = append(args, "--command="+command)
	}
	return process(exec.CommandContext(ctx, psqlProgram, args...))
}

// concatenate writes the rows of CSV files into one, with one header.
func concatenate(to string, files []string) (err error) {
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	w := bufio.NewWriterSize(out, 1<<16)
	for i, path := range files {
		if err := appendRows(w, path, i == 0); err != nil {
			return err
		}
	}
	return w.Flush()
}

// appendRows appends a CSV file, with its header or without.
func appendRows(w io.Writer, path string, header bool) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	r := bufio.NewReaderSize(in, 1<<16)
	if !header {
		if _, err := r.ReadString('\n'); err != nil {
			return err
		}
	}
	_, err = io.Copy(w, r)
	return err
}

func joined(columns []string) string { return strings.Join(columns, ",") }
