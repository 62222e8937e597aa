package traffic

import "fmt"

// Callback is the body of a provider's callback about a soft bounce, of 240 bytes or so, as
// large as the largest that the provider's documentation shows. id is of the message, and
// contact is text that needs no escape.
func Callback(id, contact string) []byte {
	return appendCallback(nil, id, contact)
}

func appendCallback(to []byte, id, contact string) []byte {
	return fmt.Appendf(to, `{"id":"%s","uniqueArgs":{"contact_id":"%s","campaign":"spring-sale-2026","journey":"win-back"},"event":"undelivered","reason":{"message":"Soft Bounce","code":1404},"partCount":1}`, id, contact)
}

// Callbacks is an array of callbacks, each of a message with a number after id and the contact
// of that number.
func Callbacks(id string, count int, contact func(n int) string) []byte {
	body := []byte{'['}
	for n := range count {
		if n > 0 {
			body = append(body, ',')
		}
		body = appendCallback(body, fmt.Sprint(id, "-", n), contact(n))
	}
	return append(body, ']')
}
