package config

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// hash is the hash of a config: of what it means, not of how it is written. What changes
// neither a verdict nor the content of a file is not in it, see [file]. The outcomes of a
// source are those of its whole table, so a preset that changes with a version of winnow
// changes the hash.
func hash(c *Config) string {
	tables := map[string][][3]string{} // by source: event, code and outcome
	for _, s := range c.Sources {
		for _, l := range s.Table().Lines() {
			tables[s.Name] = append(tables[s.Name], [3]string{l.Event, l.Code, l.Outcome.String()})
		}
	}
	zones := map[string]string{} // of the exports whose times are local
	for _, x := range c.Exports {
		if x.Times.Zone != nil {
			zones[x.Name] = x.Times.Zone.String()
		}
	}
	text, err := json.Marshal(struct {
		Config json.RawMessage        `json:"config"`
		Tables map[string][][3]string `json:"tables"`
		Zones  map[string]string      `json:"zones,omitempty"`
	}{c.root.Canonical(), tables, zones})
	if err != nil {
		panic(err) // made of maps and strings
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])[:12]
}
