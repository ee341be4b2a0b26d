// grpc-go's own service of the interoperability cases on a Unix socket: grpc-go's program for it listens on TCP, and
// on every interface.
//
//	server --endpoint unix:///path | unix-abstract:name
package main

import (
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"google.golang.org/grpc"
	_ "google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/interop"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
)

func main() {
	endpoint := flag.String("endpoint", "", "where to listen")
	flag.Parse()
	listener, err := net.Listen("unix", address(*endpoint))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	server := grpc.NewServer()
	testgrpc.RegisterTestServiceServer(server, interop.NewTestServer())
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM)
	go func() {
		<-ended
		server.Stop()
	}()
	fmt.Println("listening")
	if err := server.Serve(listener); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Go's net package means an abstract name by @.
func address(endpoint string) string {
	if name, abstract := strings.CutPrefix(endpoint, "unix-abstract:"); abstract {
		return "@" + name
	}
	return strings.TrimPrefix(endpoint, "unix://")
}
