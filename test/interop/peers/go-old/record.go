package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"google.golang.org/grpc"
	testing "google.golang.org/grpc/interop/grpc_testing"

	"podwire.test/interop/peer"
)

// A capture is what the client sent, whole: the hex of all frames in order is the byte stream.
type capture struct {
	Peer    string     `json:"peer"`
	Target  string     `json:"target"`
	Method  string     `json:"method"`
	Headers [][]string `json:"headers"`
	Frames  []frame    `json:"frames"`
}

type frame struct {
	Name string `json:"name"`
	Hex  string `json:"hex"`
}

// record lets this client make one unary call to a server that only listens, and prints the bytes as JSON.
func record(arguments []string) {
	flags := flag.NewFlagSet("record", flag.ExitOnError)
	endpoint := flags.String("endpoint", "", "unix:///path or unix-abstract:name")
	flags.Parse(arguments)
	listener, err := net.Listen("unix", peer.Address(*endpoint))
	must(err)
	defer listener.Close()
	captured := make(chan capture)
	go func() {
		connection, err := listener.Accept()
		must(err)
		defer connection.Close()
		captured <- readCall(connection)
	}()
	connection, err := dial(*endpoint)
	must(err)
	// No deadline on the call: `grpc-timeout` would differ from run to run.
	ctx, cancel := context.WithCancel(context.Background())
	watchdog := time.AfterFunc(20*time.Second, func() { must(fmt.Errorf("the client sent no call within 20 s")) })
	go testing.NewTestServiceClient(connection).UnaryCall(ctx, &testing.SimpleRequest{
		ResponseSize: 9,
		Payload:      &testing.Payload{Body: []byte("recorded")},
	})
	result := <-captured
	watchdog.Stop()
	cancel()
	connection.Close()
	result.Peer = "grpc-go " + grpc.Version
	result.Target = peer.Address(*endpoint)
	output := json.NewEncoder(os.Stdout)
	output.SetIndent("", "  ")
	must(output.Encode(result))
}

// readCall answers the client's preface with empty SETTINGS and reads until the request ends.
func readCall(connection net.Conn) (result capture) {
	var raw bytes.Buffer
	reader := io.TeeReader(connection, &raw)
	note := func(name string) {
		result.Frames = append(result.Frames, frame{name, hex.EncodeToString(raw.Bytes())})
		raw.Reset()
	}
	_, err := io.ReadFull(reader, make([]byte, len(http2.ClientPreface)))
	must(err)
	note("preface")
	framer := http2.NewFramer(connection, reader)
	must(framer.WriteSettings())
	for {
		received, err := framer.ReadFrame()
		must(err)
		name := received.Header().Type.String()
		switch received := received.(type) {
		case *http2.SettingsFrame:
			if received.IsAck() {
				name += " acknowledgement"
			}
		case *http2.HeadersFrame:
			fields, err := hpack.NewDecoder(4096, nil).DecodeFull(received.HeaderBlockFragment())
			must(err)
			for _, field := range fields {
				result.Headers = append(result.Headers, []string{field.Name, field.Value})
				if field.Name == ":path" {
					result.Method = field.Value
				}
			}
		}
		note(name)
		if data, isData := received.(*http2.DataFrame); isData && data.StreamEnded() {
			return result
		}
	}
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
