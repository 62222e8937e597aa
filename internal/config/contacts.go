package config

import (
	"winnow/hygiene/contactkey"
	"winnow/internal/yamldoc"
)

var contacts = &yamldoc.Shape{Kind: yamldoc.Object, Fields: []yamldoc.Field{
	{Key: "key", Shape: choice("text or phone", "key type", "text", "phone"), Default: "text", Doc: "What a contact's key is: text (any text of the CRM) or phone (a phone number)."},
	{Key: "region", Shape: pattern("a country code of two capital letters, like TR", `^[A-Z]{2}$`), Doc: "Country of phone numbers that are written without a country code."},
	{Key: "fold", Shape: BoolShape, Default: "false", Doc: "Whether keys that differ only by case are one contact's. Contacts that there are by then are joined; it can't be taken back."},
	{Key: "nobody", Shape: unordered(listOf(0, placeholder, "a list of texts")), Default: "[]", Doc: "Placeholders that are nobody's key, in any case, besides those that winnow knows, such as undefined, null and {{contact.id}}."},
}}

var placeholder = &yamldoc.Shape{Kind: yamldoc.Text, Expect: "a text", Max: contactkey.Max}

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
