package signature

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1" // signature version 1, Amazon's default
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"net/url"
	"regexp"
	"strings"
)

// SNS is the signature of Amazon SNS, in the envelope around a message: RSA over the
// message, its id, subject, time, topic and type. The envelope names the URL of the
// certificate. Only URLs of Amazon SNS are asked about, and only for a topic of the source.
//
// The source's key is the ARN of the topic: everybody with an account at Amazon can have
// envelopes signed, but of their own topics.
type SNS struct{}

// Headers implements [Scheme].
func (SNS) Headers() []string { return nil }

// SignsURL implements [Scheme].
func (SNS) SignsURL() bool { return false }

// Needs implements [Scheme].
func (SNS) Needs() Need { return NeedTopic }

var topicARN = regexp.MustCompile(`^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]{1,256}$`)

func (SNS) check(k *Keys) error {
	for _, v := range k.Values {
		if !topicARN.MatchString(v) {
			return errors.New("topic is not the ARN of a topic, such as arn:aws:sns:eu-west-1:123456789012:delivery")
		}
	}
	if k.Certificate == nil {
		return errors.New("there is nothing that knows certificates")
	}
	return nil
}

// snsHost are the hosts of Amazon SNS, in all of Amazon's partitions: between sns and
// amazonaws.com is the name of a region. Others below amazonaws.com are anybody's; so
// sns.s3-us-west-2.amazonaws.com has what the owner of the bucket sns puts there.
var snsHost = regexp.MustCompile(`^sns\.[a-z]{2,4}(-[a-z]{2,12}){1,3}-[0-9]{1,2}\.amazonaws\.com(\.cn)?$`)

// IsSNS reports whether a URL is of Amazon SNS: https, a host of it, no port and no user.
func IsSNS(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Scheme == "https" && u.User == nil && u.Opaque == "" && snsHost.MatchString(u.Host)
}

// isCertificate reports whether a URL may be that of a certificate.
func isCertificate(text string) bool {
	u, err := url.Parse(text)
	return err == nil && IsSNS(text) && len(text) < 512 && strings.HasSuffix(u.Path, ".pem") && u.RawQuery == "" && u.Fragment == ""
}

// Envelope is what Amazon SNS puts around a message.
type Envelope struct {
	Type         string // Notification, SubscriptionConfirmation or UnsubscribeConfirmation
	Topic        string
	Message      string
	SubscribeURL string
}

// ReadEnvelope reads an envelope, without verifying it.
func ReadEnvelope(body []byte) (*Envelope, error) {
	fields, _, err := object(body)
	if err != nil || fields["Type"] == "" {
		return nil, errors.New("the body is not an envelope of Amazon SNS")
	}
	return &Envelope{Type: fields["Type"], Topic: fields["TopicArn"], Message: fields["Message"], SubscribeURL: fields["SubscribeURL"]}, nil
}

// AsksToConfirm reports whether a body is the envelope by which Amazon SNS asks whether
// somebody wants a topic's messages.
func AsksToConfirm(body []byte) bool {
	e, err := ReadEnvelope(body)
	return err == nil && e.Type == "SubscriptionConfirmation"
}

func (SNS) verify(r *Request, k *Keys) error {
	fields, _, err := object(r.Body)
	if err != nil {
		return err
	}
	encoded, at := fields["Signature"], fields["SigningCertURL"]
	if encoded == "" {
		return ErrUnsigned
	}
	known := 0
	for _, topic := range k.Values {
		known |= subtle.ConstantTimeCompare([]byte(topic), []byte(fields["TopicArn"]))
	}
	switch {
	case known == 0:
		return errors.New("the message is of another topic")
	case !isCertificate(at):
		return errors.New("the certificate is not at a URL of Amazon SNS")
	}
	signature, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return errors.New("the signature is not in base64")
	}
	certificate := k.Certificate(at)
	if certificate == nil {
		return ErrNoCertificate
	}
	if received := r.ReceivedAt.Time(); received.Before(certificate.NotBefore) || received.After(certificate.NotAfter) {
		return errors.New("the certificate of the signature was not valid at the time of receipt")
	}
	return verifySNS(certificate, fields, signature)
}

func verifySNS(certificate *x509.Certificate, fields map[string]string, signature []byte) error {
	key, ok := certificate.PublicKey.(*rsa.PublicKey)
	if !ok {
		return errors.New("the certificate of the signature has no RSA key")
	}
	text, err := signedBySNS(fields)
	if err != nil {
		return err
	}
	switch fields["SignatureVersion"] {
	case "1":
		sum := sha1.Sum(text) // see above
		err = rsa.VerifyPKCS1v15(key, crypto.SHA1, sum[:], signature)
	case "2":
		sum := sha256.Sum256(text)
		err = rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature)
	default:
		return errors.New("the signature has an unknown version")
	}
	if err != nil {
		return errWrong
	}
	return nil
}

// signedBySNS is what is signed of an envelope: names and values, each on a line, in this
// order. Subject may be missing.
func signedBySNS(fields map[string]string) (text []byte, err error) {
	names := []string{"Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"}
	switch fields["Type"] {
	case "Notification":
	case "SubscriptionConfirmation", "UnsubscribeConfirmation":
		names = []string{"Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"}
	default:
		return nil, errors.New("the message has an unknown type")
	}
	for _, name := range names {
		value, ok := fields[name]
		if !ok && name == "Subject" {
			continue
		}
		if !ok {
			return nil, errors.New("the message lacks a part that is signed")
		}
		text = append(text, name...)
		text = append(text, '\n')
		text = append(text, value...)
		text = append(text, '\n')
	}
	return text, nil
}

// ParseCertificate reads a certificate in PEM.
func ParseCertificate(text []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errors.New("there is no certificate in PEM")
	}
	return x509.ParseCertificate(block.Bytes)
}
