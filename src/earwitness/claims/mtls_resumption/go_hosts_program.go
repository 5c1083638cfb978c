// Two virtual hosts on one port, a.test and b.test, each with an authority of its own for clients.
//
// The configuration of a host is a copy of a common one in which the authority is another, chosen by
// the server name for each connection (tls.Config, "GetConfigForClient"). The answer names the host.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
)

var (
	certificate = flag.String("certificate", "", "")
	key         = flag.String("key", "", "")
	first       = flag.String("a", "", "authority of the clients of a.test")
	second      = flag.String("b", "", "authority of the clients of b.test")
	address     = flag.String("address", "", "")
	version     = flag.String("tls", "", "1.2 or 1.3")
)

func trusting(common *tls.Config, authority string) *tls.Config {
	text, err := os.ReadFile(authority)
	if err != nil {
		log.Fatal(err)
	}
	config := common.Clone()
	config.ClientCAs = x509.NewCertPool()
	config.ClientCAs.AppendCertsFromPEM(text)
	return config
}

func main() {
	flag.Parse()
	pair, err := tls.LoadX509KeyPair(*certificate, *key)
	if err != nil {
		log.Fatal(err)
	}
	spoken := uint16(tls.VersionTLS13)
	if *version == "1.2" {
		spoken = tls.VersionTLS12
	}
	common := &tls.Config{
		Certificates: []tls.Certificate{pair},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		MinVersion:   spoken,
		MaxVersion:   spoken,
	}
	hosts := map[string]*tls.Config{
		"a.test": trusting(common, *first),
		"b.test": trusting(common, *second),
	}
	outer := common.Clone()
	outer.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if config, known := hosts[hello.ServerName]; known {
			return config, nil
		}
		return nil, fmt.Errorf("no such host: %q", hello.ServerName)
	}
	listener, err := tls.Listen("tcp", *address, outer)
	if err != nil {
		log.Fatal(err)
	}
	answer := func(response http.ResponseWriter, request *http.Request) {
		fmt.Fprintf(response, "host=%s", request.TLS.ServerName)
	}
	server := &http.Server{Handler: http.HandlerFunc(answer), ErrorLog: log.New(io.Discard, "", 0)}
	log.Fatal(server.Serve(listener))
}
