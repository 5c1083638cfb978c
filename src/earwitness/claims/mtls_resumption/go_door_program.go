// A door that asks for a client certificate, on Go's own crypto/tls and net/http.
//
// The same door as door_program.py makes with Python's libraries. Go checks no revocation list by
// itself; a server does it in one of two functions of its configuration: VerifyPeerCertificate, which
// is called while a certificate is verified, or VerifyConnection, which is called on every connection,
// resumed ones included. SIGHUP makes it read the list anew.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
)

var (
	certificate = flag.String("certificate", "", "")
	key         = flag.String("key", "", "")
	authority   = flag.String("authority", "", "")
	revoked     = flag.String("revoked", "", "")
	address     = flag.String("address", "", "")
	version     = flag.String("tls", "", "1.2 or 1.3")
	resumption  = flag.String("resumption", "", "tickets or off")
	checkedIn   = flag.String("checked-in", "VerifyPeerCertificate", "or VerifyConnection")
	ticketKeys  = flag.String("ticket-keys", "", "a file of 32 bytes")
)

var serials atomic.Pointer[map[string]bool]

func takeList() {
	text, err := os.ReadFile(*revoked)
	if err != nil {
		log.Fatal(err)
	}
	block, _ := pem.Decode(text)
	list, err := x509.ParseRevocationList(block.Bytes)
	if err != nil {
		log.Fatal(err)
	}
	found := map[string]bool{}
	for _, each := range list.RevokedCertificates {
		found[each.SerialNumber.String()] = true
	}
	serials.Store(&found)
}

func checked(shown *x509.Certificate) error {
	if (*serials.Load())[shown.SerialNumber.String()] {
		return errors.New("certificate revoked")
	}
	return nil
}

func configuration() *tls.Config {
	pair, err := tls.LoadX509KeyPair(*certificate, *key)
	if err != nil {
		log.Fatal(err)
	}
	trusted, err := os.ReadFile(*authority)
	if err != nil {
		log.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(trusted)
	spoken := uint16(tls.VersionTLS13)
	if *version == "1.2" {
		spoken = tls.VersionTLS12
	}
	config := &tls.Config{
		Certificates:           []tls.Certificate{pair},
		ClientAuth:             tls.RequireAndVerifyClientCert,
		ClientCAs:              pool,
		MinVersion:             spoken,
		MaxVersion:             spoken,
		SessionTicketsDisabled: *resumption == "off",
	}
	if *checkedIn == "VerifyConnection" {
		config.VerifyConnection = func(state tls.ConnectionState) error {
			return checked(state.PeerCertificates[0])
		}
	} else {
		config.VerifyPeerCertificate = func(_ [][]byte, chains [][]*x509.Certificate) error {
			return checked(chains[0][0])
		}
	}
	if *ticketKeys != "" {
		secret, err := os.ReadFile(*ticketKeys)
		if err != nil || len(secret) != 32 {
			log.Fatal("no ticket key of 32 bytes: ", err)
		}
		config.SetSessionTicketKeys([][32]byte{[32]byte(secret)})
	}
	return config
}

func main() {
	flag.Parse()
	takeList()
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	go func() {
		for range hangups {
			takeList()
		}
	}()
	listener, err := tls.Listen("tcp", *address, configuration())
	if err != nil {
		log.Fatal(err)
	}
	answer := func(response http.ResponseWriter, request *http.Request) {
		fmt.Fprintf(response, "serial=%X", request.TLS.PeerCertificates[0].SerialNumber)
	}
	server := &http.Server{Handler: http.HandlerFunc(answer), ErrorLog: log.New(io.Discard, "", 0)}
	log.Fatal(server.Serve(listener))
}
