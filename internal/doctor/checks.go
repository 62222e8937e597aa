package doctor

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/url"
	"os"
	"syscall"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/backup"
	"winnow/internal/config"
	"winnow/internal/logpull"
	"winnow/internal/schedule"
	"winnow/internal/ui"
	"winnow/segments/destination/local"
	"winnow/store"
	"winnow/store/location"
)

// longLock is how long a process that is not the daemon may hold a lock.
const longLock = time.Minute

func (x *examination) checkLocks() {
	locks := x.locks()
	if locks == nil {
		x.unknown("lock", "the store could not be read")
		return
	}
	daemon, _, running := locks[0].Taken()
	switch {
	case running:
		x.well("daemon", "%s runs the jobs", app.ProcessName(daemon))
	default:
		x.add("daemon", Note, "it is stopped; winnow serve starts it")
	}
	for _, l := range locks[1:] {
		holder, since, held := l.Taken()
		switch {
		case !held:
			x.well("lock", "%s is free", l)
		case holder != daemon && x.now.Sub(since) > longLock && holder.Host != "":
			x.add("lock", Note, "%s is held by %s since %s", l, app.ProcessName(holder), since.UTC().Format(time.RFC3339))
		case holder != daemon && x.now.Sub(since) > longLock:
			x.wrong("lock", "%s is held by %s since %s: if that is suspended, kill -CONT %d", l, app.ProcessName(holder), since.UTC().Format(time.RFC3339), holder.Process)
		default:
			x.well("lock", "%s is held by %s", l, app.ProcessName(holder))
		}
	}
}

// locks are those of who uses the store, first of the daemon that runs the jobs; nil if they
// can't be looked at.
func (x *examination) locks() []*store.Lock {
	switch {
	case x.open != nil:
		return x.open.Locks()
	case location.IsServer(x.at):
		return nil
	}
	return store.LocksAt(x.at)
}

func (x *examination) checkPermissions() {
	bad := false
	for _, path := range store.PartsAt(x.at) {
		info, err := os.Stat(path)
		if err == nil && info.Mode().Perm()&0o007 != 0 {
			bad = true
			x.wrong("permissions", "every user of this machine can open %s: chmod o= %[1]s", path)
		}
	}
	if err := app.CheckOwner(location.Files(x.at)); err != nil {
		bad = true
		x.wrong("permissions", "%v: run winnow as that user", err)
	}
	if !bad {
		x.well("permissions", "the files of the store are closed to other users")
	}
}

// leastFree is how much of the store's disk is to be free.
const leastFree = 0.05

// statfs measures a file system. Tests replace it.
var statfs = syscall.Statfs

func (x *examination) checkDisk() {
	var s syscall.Statfs_t
	folder := location.Folder(x.at)
	if err := statfs(folder, &s); err != nil || s.Blocks == 0 {
		x.unknown("disk", "the disk of %s can't be measured: %v", folder, err)
		return
	}
	free := backup.Size(int64(s.Bavail) * int64(s.Bsize))
	if float64(s.Bavail) < leastFree*float64(s.Blocks) {
		x.wrong("disk", "%s are free in %s: make room, or callbacks are answered 503 soon", free, folder)
		return
	}
	x.well("disk", "%s are free in %s", free, folder)
}

// lateBackup is how long after its scheduled time a backup must have been made.
const lateBackup = time.Hour

func (x *examination) checkBackup() {
	if x.cfg == nil || x.found == nil {
		x.unknown("backup", "the config or the store could not be read")
		return
	}
	last, ago := x.found.BackedUp, "never"
	if last != 0 {
		ago = last.String()
	}
	if x.cfg.Backup == nil {
		x.well("backup", "none is scheduled; the last one that winnow made: %s", ago)
		return
	}
	s, err := schedule.Parse(x.cfg.Backup.Schedule, x.cfg.Timezone)
	if err != nil {
		x.unknown("backup", "%v", err)
		return
	}
	if last == 0 || s.Next(last.Time()).Add(lateBackup).Before(x.now) {
		x.wrong("backup", "the last one: %s, which is late for %q: see the daemon's log; winnow backup %s makes one now", ago, s, x.cfg.Backup.To)
		return
	}
	x.well("backup", "the last one: %s", ago)
}

// soonExpired is how long a certificate should still be valid.
const soonExpired = 14 * hygiene.Day

func (x *examination) checkCertificates() {
	if x.cfg == nil {
		x.unknown("certificate", "the config could not be read")
		return
	}
	for _, t := range []*config.TLS{x.cfg.TLS, x.cfg.Admin.TLS} {
		if t != nil {
			x.checkCertificate(t)
		}
	}
}

func (x *examination) checkCertificate(t *config.TLS) {
	pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
	if err != nil {
		x.wrong("certificate", "%s can't be used: %v", t.Cert, err)
		return
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	switch {
	case err != nil:
		x.wrong("certificate", "%s can't be read: %v", t.Cert, err)
	case leaf.NotAfter.Sub(x.now) < soonExpired:
		x.wrong("certificate", "%s ends at %s: renew it; the daemon reads the new file by itself", t.Cert, leaf.NotAfter.UTC().Format(time.RFC3339))
	default:
		x.well("certificate", "%s ends at %s", t.Cert, leaf.NotAfter.UTC().Format(time.RFC3339))
	}
}

// reachWithin is how long a server may take to answer.
const reachWithin = 5 * time.Second

func (x *examination) checkDestinations() {
	if x.cfg == nil {
		x.unknown("destination", "the config could not be read")
		return
	}
	for _, e := range x.cfg.Exports {
		folders, remotes := local.Split(e.To)
		for _, f := range folders {
			x.checkFolder(f.String())
		}
		for _, r := range remotes {
			x.checkServer(r.String())
		}
	}
}

// longLag is how many lines of a receiver's log may wait to be pulled.
const longLag = 100_000

// checkReceivers asks the receivers, as a pull does, and stores nothing.
func (x *examination) checkReceivers() {
	if x.cfg == nil || len(x.cfg.Receivers) == 0 {
		return
	}
	if x.found == nil {
		x.unknown("receiver", "the store could not be read")
		return
	}
	states := logpull.Probe(x.ctx, x.found.Pulled, x.cfg.Receivers)
	for i := range states {
		switch r := &states[i]; {
		case r.Failed != "":
			x.wrong("receiver", "the log of %s can't be pulled: %s", r.URL, r.Failed)
		case r.Lag > longLag:
			x.wrong("receiver", "%s of %s to be pulled: look whether winnow serve runs here, and at its log", ui.CountVerb(r.Lag, "line", "waits", "wait"), r.URL)
		default:
			x.well("receiver", "%s answers; %s to be pulled", r.URL, ui.CountVerb(r.Lag, "line", "waits", "wait"))
		}
	}
}

func (x *examination) checkFolder(path string) {
	info, err := os.Stat(path)
	switch {
	case os.IsNotExist(err):
		x.well("destination", "%s is not there yet", path)
	case err != nil || !info.IsDir():
		x.wrong("destination", "%s is not a folder that can be opened: remove it, or change to in the config", path)
	default:
		x.well("destination", "%s is there", path)
	}
}

func (x *examination) checkServer(name string) {
	u, err := url.Parse(name)
	if err != nil || u.Hostname() == "" {
		x.unknown("destination", "%s has no address that could be asked", name)
		return
	}
	port := u.Port()
	if port == "" {
		port = "22"
	}
	dialer := net.Dialer{Timeout: reachWithin}
	c, err := dialer.DialContext(x.ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		x.wrong("destination", "%s can't be reached: %v", name, err)
		return
	}
	c.Close()
	x.well("destination", "%s can be reached", name)
}
