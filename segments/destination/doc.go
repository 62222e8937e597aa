// Package destination is where runs go: a directory of this machine, in which
// they are made, and a folder on an SFTP server, to which they are brought after.
//
// # A run is there whole, or not at all
//
// The folder of an export holds its published runs, by the scheduled time, the
// symlink latest, and the runs that the guard holds:
//
//	nightly/2026-11-22T020000Z/
//	nightly/2026-11-23T020000Z/
//	nightly/held/2026-11-24T020000Z/
//	nightly/latest -> 2026-11-23T020000Z
//
// A run is written in a folder whose name begins with [leftover]. Every file is
// synced when it is closed, the folder before it is renamed to the run's name,
// the export's folder before latest is swapped, and after. So a name that
// readers know never holds less than a whole run, whenever the machine stops,
// and latest never points to what is not yet on disk. What a killed run leaves
// has such a name too, and is taken away at the next beginning or settling;
// nothing else ever is, so what others keep beside the runs stays. A run that is
// held is whole too, and is released by one renaming and the swap of latest.
//
// # The same run again
//
// A run whose name is already there is replaced by exchanging the two folders,
// which Linux does in one step. Refusing would be the other way to harm no
// published run, but a run that was killed between its renaming and its
// recording must be possible to make again, and so must a run by hand within the
// same second. Where a file system can't exchange folders the run is refused.
//
// # No name leads out
//
// All is done beneath an [os.Root]: neither a name nor a symlink that somebody
// put there writes outside of the directory.
//
// # On an SFTP server
//
// The folder of an export looks the same there, but for held runs, which stay
// here. A run is uploaded into a folder whose name begins with [leftover], the
// manifest last; then the folder is renamed, and then latest is swapped. The
// protocol can't exchange two folders: a run that is replaced is moved aside
// first, so for a moment it is not there. Nor can it sync a folder: files are
// synced where the server knows fsync@openssh.com, their names when it likes.
//
// Several may deliver to one folder. What a delivery makes beside the runs bears
// a random name; leftovers are taken away once they have been still for six hours
// by the server's clock, and renamed before they are taken apart. A run is
// compared with its manifest, by names and lengths, before it is shown and again
// after.
//
// What is sent is hashed while it is read here, and compared with the manifest;
// SSH sees to the way; a server that stops half way has another size than was
// sent. Many packets are on their way at once, in order. A server may write a
// later one after it failed to write an earlier one, so a size alone tells little
// when something failed; but each packet is answered, one bad answer ends the
// delivery, and what was uploaded is never given the run's name. Reading it all
// back would tell no more than the server's answers: one that lies, lies twice.
//
// Servers differ. Those on Windows, and gateways to object stores (AWS Transfer
// Family, SFTPGo with S3, Google's or Azure's), know no symlinks or keep them to
// administrators: runs come without latest. Where S3 lies behind, a folder that
// holds something can't be renamed, since it is only the beginning of its files'
// names: there the run's folder is made and the files are renamed into it, one by
// one, the manifest last. A server that copies when it renames a folder (SFTPGo
// can be told to) shows the files in an order of its own. So whoever reads
// from a server should take a run once its manifest is there and has all files
// with the sizes that it says.
//
// A server is told nothing, no password either, before it showed the key that is
// expected of it. There is no way to leave that out.
package destination
