// The server of the pod, in Go: go run ./server [endpoint]
package main

import (
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"google.golang.org/grpc"

	"podinfo.example/podinfov1"
)

func main() {
	endpoint := "unix-abstract:podinfo"
	if len(os.Args) > 1 {
		endpoint = os.Args[1]
	}
	// Any process of the network namespace can reach an abstract name, and this server asks nobody who they are.
	listener, err := net.Listen("unix", address(endpoint))
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	podinfov1.RegisterPodInfoServer(server, podInfo{})

	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-signals
		// No new calls, and the open ones may finish; a second signal ends the process at once.
		signal.Stop(signals)
		server.GracefulStop()
	}()

	fmt.Println("listening on " + endpoint)
	if err := server.Serve(listener); err != nil {
		log.Fatal(err)
	}
}

// address turns a gRPC endpoint into what Go's net package calls it: @name is abstract.
func address(endpoint string) string {
	if name, abstract := strings.CutPrefix(endpoint, "unix-abstract:"); abstract {
		return "@" + name
	}
	return strings.TrimPrefix(endpoint, "unix://")
}
