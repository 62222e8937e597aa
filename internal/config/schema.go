package config

import (
	"winnow/internal/yamldoc"
)

// file is the shape of the whole file. The shape of a section is next to the code
// that reads it.
//
// Config.Hash is of everything in it but the keys with Omit: those change neither a
// verdict nor the content of an export's files. A new key is part of the hash unless
// it says so; without it, the hash stays as it was.
var file = &yamldoc.Shape{Kind: yamldoc.Object, Min: 1, NotBoth: []string{"log_token", "log_token_file"}, Fields: []yamldoc.Field{
	{Key: "listen", Omit: true, Shape: address, Default: `":8080"`, Doc: "Address of the public server, which receives the providers' callbacks: host:port, or :port for every address of the machine."},
	{Key: "admin", Omit: true, Shape: admin, Default: "{}", Doc: "The admin server: console, metrics and API."},
	{Key: "log_token", Omit: true, Shape: tokenOrNone, Doc: "Token that opens GET /api/v1/log of the admin server, and nothing else, for the host that judges what this one receives."},
	{Key: "log_token_file", Omit: true, Shape: PathShape, Doc: "File that holds log_token, relative to this file."},
	{Key: "receivers", Omit: true, Shape: unordered(listOf(0, receiver, "a list of receivers")), Default: "[]", Doc: "Other hosts that receive callbacks (winnow serve --receive), whose logs this one pulls and judges."},
	{Key: "tls", Omit: true, Shape: tls, Doc: "Serve callbacks over TLS. Leave it out when a proxy ends TLS."},
	{Key: "trusted_proxies", Omit: true, Shape: addressRanges, Doc: "Addresses of the proxies in front of the public server. From them, X-Forwarded-For says who sent a request."},
	{Key: "store", Omit: true, Shape: storeURL, Default: "sqlite://winnow.db", Doc: "Where everything is stored: sqlite:// and a path, relative to this file, with the event log next to it; or the URL of a database on a PostgreSQL server, without a password."},
	{Key: "folder", Omit: true, Shape: PathShape, Doc: "With a store on PostgreSQL: the folder, relative to this file, of what a daemon keeps on its own host, such as the outbox of deliveries. Default: the folder of this file."},
	{Key: "retention", Omit: true, Shape: retention, Doc: "How long the log keeps what providers sent. Nothing that is judged depends on it. Default: forever; with winnow serve --receive, 7 days."},
	{Key: "timezone", Omit: true, Shape: timezone, Default: "UTC", Doc: "Time zone of the schedules, and of times in files whose export sets zone: local. All other times are UTC."},
	{Key: "log", Omit: true, Shape: logShape, Default: "{}", Doc: "How the daemon writes its log, which goes to stderr."},
	{Key: "backup", Omit: true, Shape: backups, Doc: "Backups of the store, on a schedule."},
	{Key: "contacts", Shape: contacts, Default: "{}", Doc: "What identifies a contact."},
	{Key: "sources", Shape: unordered(listOf(0, source, "a list of sources")), Default: "[]", Doc: "The provider accounts that send callbacks."},
	{Key: "hygiene", Shape: rulebook, Default: "{}", Doc: "The rules, and when they are applied."},
	{Key: "segments", Shape: unordered(listOf(0, segment, "a list of segments")), Default: "[]", Literal: true, Doc: "Groups of contacts: conditions, or static lists."},
	{Key: "exports", Shape: unordered(listOf(0, export, "a list of exports")), Default: "[]", Doc: "Which segments are written, where and when."},
}}

// Schema is the JSON Schema (draft-07) of the config, for editors. It accepts
// whatever [Parse] accepts. It cannot check what only the whole file shows (names,
// references, cycles), nor the environment; winnow check does. The bytes are always
// the same.
func Schema() []byte {
	return file.JSONSchema("winnow's config", "What a winnow daemon receives, does about it, and writes.")
}

var logShape = &yamldoc.Shape{Kind: yamldoc.Object, Expect: "a format like {format: json}", Fields: []yamldoc.Field{
	{Key: "format", Shape: choice("text or json", "format", "text", "json"), Default: "text", Doc: "Form of every line: text (key=value) or json. A change takes effect at the next start."},
}}
