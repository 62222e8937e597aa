package pgtest

import (
	"bytes"
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Dump is what a database has: of each table the rows, as a program that knows nothing of
// winnow copies them.
func Dump(url string) (map[string][]byte, error) {
	ctx := context.Background()
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		return nil, err
	}
	defer c.Close(ctx)
	rows, err := c.Query(ctx, "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
	if err != nil {
		return nil, err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	tables := map[string][]byte{}
	for _, name := range names {
		var text bytes.Buffer
		if _, err := c.PgConn().CopyTo(ctx, &text, fmt.Sprintf("COPY %s TO STDOUT (FORMAT binary)", pgx.Identifier{name}.Sanitize())); err != nil {
			return nil, err
		}
		tables[name] = text.Bytes()
	}
	return tables, err
}
