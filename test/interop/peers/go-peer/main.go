// Package peer is the program that every Go peer is: one command line, one server, one list of cases.
// The modules beside it bring the grpc-go version and the way to dial.
package peer

import (
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc"
)

// Dial opens a channel to an endpoint spelled `unix:///path` or `unix-abstract:name`.
type Dial func(endpoint string, options ...grpc.DialOption) (*grpc.ClientConn, error)

// Main is `server --endpoint E` or `client --endpoint E --case NAME[,NAME...]`.
func Main(dial Dial) {
	if len(os.Args) < 2 {
		fail("usage: server --endpoint E | client --endpoint E --case NAME[,NAME...]")
	}
	flags := flag.NewFlagSet(os.Args[1], flag.ExitOnError)
	endpoint := flags.String("endpoint", "", "unix:///path or unix-abstract:name")
	names := flags.String("case", "all", "names, separated by commas")
	flags.Parse(os.Args[2:])
	switch os.Args[1] {
	case "server":
		serve(*endpoint)
	case "client":
		run(dial, *endpoint, *names)
	default:
		fail("unknown command " + os.Args[1])
	}
}

// Address is what Go's net package and older clients call an endpoint: `/path` or `@name`.
func Address(endpoint string) string {
	if name, abstract := strings.CutPrefix(endpoint, "unix-abstract:"); abstract {
		return "@" + name
	}
	return strings.TrimPrefix(endpoint, "unix://")
}

func fail(reason string) {
	fmt.Fprintln(os.Stderr, reason)
	os.Exit(1)
}

func serve(endpoint string) {
	listener, err := net.Listen("unix", Address(endpoint))
	if err != nil {
		fail(err.Error())
	}
	server := newServer()
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-ended
		server.Stop()
	}()
	fmt.Println("listening")
	if err := server.Serve(listener); err != nil {
		fail(err.Error())
	}
}

type result struct {
	Case  string         `json:"case"`
	Ok    bool           `json:"ok"`
	Ms    float64        `json:"ms"`
	Facts map[string]any `json:"facts,omitempty"`
	Error string         `json:"error,omitempty"`
}

func run(dial Dial, endpoint, names string) {
	connection, err := dial(endpoint, grpc.WithStatsHandler(compressionWatch{}))
	if err != nil {
		fail(err.Error())
	}
	defer connection.Close()
	wanted := strings.Split(names, ",")
	if names == "all" {
		wanted = caseNames()
	}
	failed := false
	output := json.NewEncoder(os.Stdout)
	for _, name := range wanted {
		start := time.Now()
		facts, err := runCase(connection, name)
		line := result{Case: name, Ok: err == nil, Ms: float64(time.Since(start).Microseconds()) / 1000, Facts: facts}
		if err != nil {
			failed = true
			line.Error = err.Error()
		}
		output.Encode(line)
	}
	if failed {
		os.Exit(1)
	}
}
