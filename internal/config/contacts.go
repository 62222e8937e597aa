package config

import (
	"winnow/hygiene/contactkey"
	"winnow/internal/yamldoc"
)

var contacts = &yamldoc.Shape{Kind: yamldoc.Object, Fields: []yamldoc.Field{
	{Key: "key", Shape: choice("text or phone", "key type", "text", "phone"), Default: "text", Doc: "What a contact's key is: text (any text of the CRM) or phone (a phone number)."},
	{Key: "region", Shape: pattern("a country code of two capital letters, like TR", `^[A-Z]{2}$`), Doc: "Country of phone numbers that are written without a country code."},
}}

func readContacts(e *yamldoc.Entry) contactkey.Format {
	f := contactkey.Format{Phone: e.Get("key").Text() == "phone", Region: e.Get("region").Text()}
	switch {
	case f.Region == "" || !e.Valid():
	case !f.Phone:
		e.ReportKey("region", `"region" applies only to keys that are phone numbers`, "write key: phone, or remove region")
	case !contactkey.KnownRegion(f.Region):
		e.Get("region").Report("unknown region "+yamldoc.Quote(f.Region), "write a country code like TR, DE or GB")
	}
	return f
}
