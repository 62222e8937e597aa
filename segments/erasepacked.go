package segments

import (
	"context"
	"errors"
	"io"
	"slices"

	"winnow/internal/parquetfile"
	"winnow/internal/xlsx"
)

// copyPacked copies a file of a format that is read from any place. A file that is not
// as the run was made is left alone: another program may have written it anew, with
// names where they are not looked for.
func (e *Erasing) copyPacked(b *Bundle, file *BundleFile, to io.Writer) (rows int64, err error) {
	whole, err := b.open(file.File)
	if err != nil {
		return 0, err
	}
	if err := whole.CopyTo(context.Background(), io.Discard); err != nil {
		return 0, err
	}
	from, ok := file.from.(io.ReaderAt)
	if !ok {
		return 0, errors.New(file.Name + " can't be read in parts")
	}
	contact := slices.Index(file.Columns, contactColumn)
	drop := func(cells []string) bool { return e.isNamed(cells, contact) }
	if file.Format == Parquet {
		return parquetfile.Copy(to, from, file.Bytes, drop)
	}
	o := newXLSXOptions(file.Name[:len(file.Name)-len("."+XLSX)], file.Columns, newCompressors())
	return xlsx.Copy(to, from, file.Bytes, o, xlsx.Filter{May: e.writtenAs(xlsx.AppendEscaped).mayName, Drop: drop})
}
