package presets

import "testing"

func TestEveryPresetReadsItsExamples(t *testing.T) {
	for _, name := range Names() {
		p, err := Find(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, x := range p.Examples {
			contact := p.Contact
			if x.Contact != "" {
				contact = x.Contact
			}
			for _, wrong := range x.Try(p.Format, contact, "") {
				t.Errorf("%s.yaml:%d: %s: %s", name, x.Line, x.Name, wrong)
			}
		}
	}
}
