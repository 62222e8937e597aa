package ruletest

import _ "embed"

// Example is the rule tests of config.example.yaml.
//
//go:embed example.yaml
var Example []byte
