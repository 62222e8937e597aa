package daemon

import (
	"context"
	"crypto/x509"
	"io"
	"log/slog"
	"slices"

	"winnow/hygiene/provider/signature"
	"winnow/internal/app"
	"winnow/internal/config"
	"winnow/internal/quarantine"
	"winnow/internal/ui"
)

// verifiedBy are the names of the sources whose callbacks a config verifies.
func verifiedBy(cfg *config.Config) (names []string) {
	for _, s := range cfg.Sources {
		if s.Signature != nil && !s.Signature.Optional {
			names = append(names, s.Name)
		}
	}
	return names
}

func waitsForCertificates(s config.Source) bool {
	if s.Signature == nil {
		return false
	}
	_, sns := s.Signature.Scheme.(signature.SNS)
	return sns
}

// readWaiting reads the bodies that wait for a certificate, where that is known now.
func readWaiting(ctx context.Context, a *app.App, certificate func(url string) *x509.Certificate, log *slog.Logger) {
	if !slices.ContainsFunc(a.Config.Sources, waitsForCertificates) {
		return
	}
	did, err := quarantine.Retry(ctx, ui.NewPrinter(io.Discard, io.Discard, false), a,
		quarantine.RetryOptions{Apply: true, Waiting: true, Certificate: certificate})
	switch {
	case err != nil && ctx.Err() == nil:
		log.Warn("callbacks that waited for a certificate could not be read; winnow quarantine retry reads them", "error", err)
	case err == nil && did.Events > 0:
		log.Info("callbacks that waited for a certificate were read", "bodies", did.Read, "events", did.Events)
	}
}
