package config

import (
	"slices"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/internal/yamldoc"
)

var contacts = &yamldoc.Shape{Kind: yamldoc.Object, Fields: []yamldoc.Field{
	{Key: "key", Shape: choice("text or phone", "key type", "text", "phone"), Default: "text", Doc: "What a contact's key is: text (any text of the CRM) or phone (a phone number)."},
	{Key: "region", Shape: pattern("a country code of two capital letters, like TR", `^[A-Z]{2}$`), Doc: "Country of phone numbers that are written without a country code."},
	{Key: "fold", Shape: BoolShape, Default: "false", Doc: "Whether keys that differ only by case are one contact's. Contacts that there are by then are joined; it can't be taken back."},
	{Key: "nobody", Shape: unordered(listOf(0, placeholder, "a list of texts")), Default: "[]", Doc: "Placeholders that are nobody's key, in any case, besides those that winnow knows, such as undefined, null and {{contact.id}}."},
	{Key: "number_reasons", Shape: unordered(listOf(0, NameShape, "a list of reasons")), Default: "[hard_bounce, blocked, deactivated]", Doc: "Reasons that are a fault of the phone number: they hold for the contacts that have it, and not for one that has another by now. A person's word, such as opted_out, holds for the contact and the number in any case."},
}}

var placeholder = &yamldoc.Shape{Kind: yamldoc.Text, Expect: "a text", Max: contactkey.Max}

// NumberReasons are the reasons that lie on phone numbers when the config does not say.
var NumberReasons = []string{"hard_bounce", "blocked", "deactivated"}

// readNumberReasons reads which reasons are faults of phone numbers.
func (r *reader) readNumberReasons(e *yamldoc.Entry, phoneKeys bool) []string {
	list := e.Get("number_reasons")
	switch {
	case list == nil && phoneKeys:
		return nil
	case list == nil:
		return NumberReasons
	case phoneKeys && e.Valid():
		e.ReportKey("number_reasons", `"number_reasons" applies only to keys that are text`, "a contact is its number; remove number_reasons")
	}
	reasons := []string{}
	for _, item := range list.Items() {
		if slices.Contains(NumberReasons, item.Text()) {
			reasons = append(reasons, item.Text())
			continue
		}
		reasons = append(reasons, r.mentionReason(item))
	}
	return reasons
}

// checkNumberRules reports rules that open what lies on numbers, and ask for what a number
// does not have.
func (r *reader) checkNumberRules(rules *yamldoc.Entry, p *hygiene.Policy) {
	for i, item := range rules.Items() {
		if i >= len(p.Rules) || !item.Valid() || !p.AsksTooMuch(&p.Rules[i]) {
			continue
		}
		reason := p.Rules[i].Then.Suppress.Reason
		if p.Protects(reason) {
			item.Get("where").ReportNew("a rule that suppresses for "+reason+", which is a person's word and lies on the phone number too, can ask only for outcome, first_seen and last_seen",
				"a number has no attributes and no key; leave the rest out, or give another reason")
			continue
		}
		item.Get("where").ReportNew("a rule that suppresses for "+reason+", which lies on phone numbers, can ask only for outcome, first_seen and last_seen",
			"a number has no attributes and no key; leave the rest out, or give another reason")
	}
}

func readContacts(e *yamldoc.Entry) contactkey.Format {
	f := contactkey.Format{Phone: e.Get("key").Text() == "phone", Region: e.Get("region").Text(), Fold: e.Get("fold").Bool()}
	for _, text := range e.Get("nobody").Items() {
		if err := f.Nobody.Add(text.Text()); err != nil && text.Valid() {
			text.Report("not a placeholder: "+err.Error(), "write the text that stands for nobody, or remove it")
		}
	}
	if f.Fold && f.Phone && e.Valid() {
		e.ReportKey("fold", `"fold" applies only to keys that are text`, "write key: text, or remove fold")
	}
	switch {
	case f.Region == "" || !e.Valid():
	case !f.Phone:
		e.ReportKey("region", `"region" applies only to keys that are phone numbers`, "write key: phone, or remove region")
	case !contactkey.KnownRegion(f.Region):
		e.Get("region").Report("unknown region "+yamldoc.Quote(f.Region), "write a country code like TR, DE or GB")
	}
	return f
}
