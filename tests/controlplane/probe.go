package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// probe asks the components, as the administrator, whether they are ready.
type probe struct{ client *http.Client }

func newProbe(dir string) (*probe, error) {
	ca, err := os.ReadFile(filepath.Join(dir, caFile))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	admin, err := tls.LoadX509KeyPair(filepath.Join(dir, adminCertificate), filepath.Join(dir, adminKey))
	if err != nil {
		return nil, err
	}
	return &probe{client: &http.Client{
		Timeout: 5 * time.Second,
		Transport: &http.Transport{
			TLSClientConfig:   &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{admin}},
			DisableKeepAlives: true, // an open connection would delay the component's stop
		},
	}}, nil
}

// waitOK asks until the answer is 200, or the context ends; its cause says why.
func (p *probe) waitOK(ctx context.Context, url string) error {
	for {
		_, last := p.get(ctx, url)
		if last == nil {
			return nil
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("%w (waiting for %s; last answer: %v)", context.Cause(ctx), url, last)
		}
	}
}

func (p *probe) version(ctx context.Context, server string) (string, error) {
	body, err := p.get(ctx, server+"/version")
	if err != nil {
		return "", err
	}
	var version struct {
		GitVersion string `json:"gitVersion"`
	}
	err = json.Unmarshal(body, &version)
	return version.GitVersion, err
}

func (p *probe) get(ctx context.Context, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := p.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %.300s", response.Status, body)
	}
	return body, err
}
