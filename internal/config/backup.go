package config

import "winnow/internal/yamldoc"

var backups = &yamldoc.Shape{Kind: yamldoc.Object, Min: 1, Fields: []yamldoc.Field{
	{Key: "schedule", Shape: cron, Required: true, Doc: "When a backup is made, in the time zone of this file."},
	{Key: "to", Shape: PathShape, Required: true, Doc: "Folder of the backups, relative to this file; each is a folder in it, named by its time. The folder that it is in must be there."},
	{Key: "keep", Shape: positive, Default: "7", Doc: "How many backups of this store are kept there."},
}}

// Backup is when backups are made.
type Backup struct {
	Schedule string
	To       string // folder
	Keep     int
}

func (r *reader) readBackup(e *yamldoc.Entry) *Backup {
	if e == nil {
		return nil
	}
	if r.onServer {
		e.ReportKey("to", "winnow backs up a store on this host only", "back up the PostgreSQL server with its own tools, and remove backup from this file")
	}
	return &Backup{Schedule: r.readSchedule(e.Get("schedule")), To: r.absolute(e.Get("to").Text()), Keep: e.Get("keep").Int()}
}
