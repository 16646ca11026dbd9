// The least that a webhook in Go does for the same answer: TLS, the review decoded, the annotation looked up, the patch
// encoded. It decides nothing else and logs nothing. In secret mode it signs a token and creates the Secret over one
// kept connection, too. Standard library only. A lower bound for comparisons, not a webhook.
package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"flag"
	"io"
	"log"
	"net"
	"net/http"
	"os"
)

type review struct {
	APIVersion string    `json:"apiVersion"`
	Kind       string    `json:"kind"`
	Request    *request  `json:"request,omitempty"`
	Response   *response `json:"response,omitempty"`
}

type request struct {
	UID       string         `json:"uid"`
	Namespace string         `json:"namespace"`
	Object    map[string]any `json:"object"`
}

type response struct {
	UID       string `json:"uid"`
	Allowed   bool   `json:"allowed"`
	PatchType string `json:"patchType"`
	Patch     []byte `json:"patch"`
}

type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value,omitempty"`
}

func main() {
	cert := flag.String("cert", "", "serving certificate")
	key := flag.String("key", "", "its key")
	patchFile := flag.String("patch", "", "the patch to answer with")
	secrets := flag.String("secrets", "", "URL to post a Secret to for each review")
	flag.Parse()

	text, err := os.ReadFile(*patchFile)
	check(err)
	var patch []operation
	check(json.Unmarshal(text, &patch))
	signer, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig:     &tls.Config{InsecureSkipVerify: true},
		MaxIdleConnsPerHost: 64,
	}}

	http.HandleFunc("/mutate", func(w http.ResponseWriter, r *http.Request) {
		var in review
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.Request == nil {
			http.Error(w, "not a review", http.StatusBadRequest)
			return
		}
		metadata, _ := in.Request.Object["metadata"].(map[string]any)
		annotations, _ := metadata["annotations"].(map[string]any)
		name, _ := annotations["autocert.step.sm/name"].(string)
		if name == "" {
			http.Error(w, "no name", http.StatusBadRequest)
			return
		}
		if *secrets != "" {
			if err := createSecret(client, *secrets, name, signer); err != nil {
				http.Error(w, err.Error(), http.StatusBadGateway)
				return
			}
		}
		encoded, err := json.Marshal(patch)
		check(err)
		out, err := json.Marshal(review{
			APIVersion: in.APIVersion,
			Kind:       in.Kind,
			Response:   &response{UID: in.Request.UID, Allowed: true, PatchType: "JSONPatch", Patch: encoded},
		})
		check(err)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(out)
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	log.Printf("listening on %s", listener.Addr())
	check(http.ServeTLS(listener, nil, *cert, *key))
}

func createSecret(client *http.Client, url, name string, signer *ecdsa.PrivateKey) error {
	claims, err := json.Marshal(map[string]any{"sub": name, "sans": []string{name}})
	if err != nil {
		return err
	}
	signed := "eyJhbGciOiJFUzI1NiJ9." + base64.RawURLEncoding.EncodeToString(claims)
	hash := sha256.Sum256([]byte(signed))
	signature, err := ecdsa.SignASN1(rand.Reader, signer, hash[:])
	if err != nil {
		return err
	}
	token := signed + "." + base64.RawURLEncoding.EncodeToString(signature)
	body, err := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Secret", "type": "Opaque",
		"metadata":   map[string]any{"generateName": name + "-"},
		"stringData": map[string]string{"token": token},
	})
	if err != nil {
		return err
	}
	answer, err := client.Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return err
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
