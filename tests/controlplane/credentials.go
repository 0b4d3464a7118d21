package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Names of files in DIR.
const (
	caFile               = "ca.crt"
	servingCertificate   = "serving.crt"
	servingKey           = "serving.key"
	serviceAccountKey    = "service-account.key"
	serviceAccountPublic = "service-account.pub"
	adminCertificate     = "admin.crt"
	adminKey             = "admin.key"
)

// authority signs everything of one control plane. Its key is never written down.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pem         []byte
}

// writeCredentials makes an authority, one serving certificate for all components, the keys for
// service account tokens, and kubeconfigs for the administrator and the two client components.
func writeCredentials(dir, server, adminKubeconfig string) error {
	ca, err := newAuthority()
	if err != nil {
		return err
	}
	serving, servingPrivate, err := ca.issue(x509.Certificate{
		Subject:     pkix.Name{CommonName: "controlplane"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		DNSNames:    []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"},
	})
	if err != nil {
		return err
	}
	accountKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	accountPrivate, err := encodeKey(accountKey)
	if err != nil {
		return err
	}
	accountPublic, err := x509.MarshalPKIXPublicKey(&accountKey.PublicKey)
	if err != nil {
		return err
	}
	files := map[string][]byte{
		filepath.Join(dir, caFile):               ca.pem,
		filepath.Join(dir, servingCertificate):   serving,
		filepath.Join(dir, servingKey):           servingPrivate,
		filepath.Join(dir, serviceAccountKey):    accountPrivate,
		filepath.Join(dir, serviceAccountPublic): encode("PUBLIC KEY", accountPublic),
	}
	for _, client := range []struct {
		file    string
		subject pkix.Name
	}{
		{adminKubeconfig, pkix.Name{CommonName: "admin", Organization: []string{"system:masters"}}},
		{filepath.Join(dir, "scheduler.kubeconfig"), pkix.Name{CommonName: "system:kube-scheduler"}},
		{filepath.Join(dir, "controller-manager.kubeconfig"), pkix.Name{CommonName: "system:kube-controller-manager"}},
	} {
		certificate, key, err := ca.issue(x509.Certificate{
			Subject:     client.subject,
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		})
		if err != nil {
			return err
		}
		files[client.file] = kubeconfig(server, ca.pem, certificate, key)
		if client.file == adminKubeconfig {
			files[filepath.Join(dir, adminCertificate)] = certificate
			files[filepath.Join(dir, adminKey)] = key
		}
	}
	for file, content := range files {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func newAuthority() (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "controlplane-ca"},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := sign(template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	return &authority{certificate: certificate, key: key, pem: encode("CERTIFICATE", der)}, err
}

// issue returns a certificate and its key as PEM.
func (a *authority) issue(template x509.Certificate) (certificate, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	der, err := sign(&template, a.certificate, &private.PublicKey, a.key)
	if err != nil {
		return nil, nil, err
	}
	key, err = encodeKey(private)
	return encode("CERTIFICATE", der), key, err
}

// sign makes a certificate that is valid from an hour ago, for a clock that was just set back, to
// a week from now.
func sign(template, parent *x509.Certificate, public *ecdsa.PublicKey, signer *ecdsa.PrivateKey) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	template.SerialNumber = serial
	template.NotBefore = time.Now().Add(-time.Hour)
	template.NotAfter = time.Now().Add(7 * 24 * time.Hour)
	return x509.CreateCertificate(rand.Reader, template, parent, public, signer)
}

func encodeKey(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return encode("PRIVATE KEY", der), err
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// kubeconfig embeds everything, so that the file can be copied.
func kubeconfig(server string, ca, certificate, key []byte) []byte {
	b64 := base64.StdEncoding.EncodeToString
	return fmt.Appendf(nil, `apiVersion: v1
kind: Config
current-context: controlplane
contexts:
- name: controlplane
  context: {cluster: controlplane, user: controlplane}
clusters:
- name: controlplane
  cluster:
    server: %s
    certificate-authority-data: %s
users:
- name: controlplane
  user:
    client-certificate-data: %s
    client-key-data: %s
`, server, b64(ca), b64(certificate), b64(key))
}
