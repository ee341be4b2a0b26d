// Plain Go sockets, without a gRPC library: `dial ADDRESS`, `listen ADDRESS`, `rpc-server ADDRESS`, `rpc-client ADDRESS TEXT`.
// ADDRESS is what Go's net package takes, `/path` or `@name`, in hexadecimal: a name may have any bytes.
package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/rpc"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// Frames without payload (RFC 9113 sections 4.1 and 6.5).
var (
	settings       = []byte{0, 0, 0, 4, 0, 0, 0, 0, 0}
	acknowledgment = []byte{0, 0, 0, 4, 1, 0, 0, 0, 0}
)

func main() {
	decoded, err := hex.DecodeString(os.Args[2])
	must(err)
	address := string(decoded)
	switch os.Args[1] {
	case "dial":
		dial(address)
	case "listen":
		listen(address)
	case "rpc-server":
		serveRPC(address)
	case "rpc-client":
		callRPC(address, os.Args[3])
	}
}

// dial begins HTTP/2 and reads until the server has acknowledged.
func dial(address string) {
	connection, err := net.Dial("unix", address)
	must(err)
	connection.SetDeadline(time.Now().Add(10 * time.Second))
	_, err = connection.Write(append([]byte(preface), settings...))
	must(err)
	must(json.NewEncoder(os.Stdout).Encode(map[string]any{
		"remote": hex.EncodeToString([]byte(connection.RemoteAddr().String())),
		"frames": handshake(connection),
	}))
}

// listen answers one peer that begins HTTP/2, and ends when both have acknowledged.
func listen(address string) {
	listener, err := net.Listen("unix", address)
	must(err)
	fmt.Println("listening")
	connection, err := listener.Accept()
	must(err)
	connection.SetDeadline(time.Now().Add(10 * time.Second))
	begin := make([]byte, len(preface))
	_, err = io.ReadFull(connection, begin)
	must(err)
	_, err = connection.Write(settings)
	must(err)
	frames := handshake(connection)
	must(json.NewEncoder(os.Stdout).Encode(map[string]any{
		"local":   hex.EncodeToString([]byte(listener.Addr().String())),
		"preface": string(begin),
		"frames":  frames,
	}))
	listener.Close()
}

// handshake acknowledges the peer's SETTINGS and returns the types of the frames up to its own acknowledgement.
func handshake(connection net.Conn) (frames []string) {
	header := make([]byte, 9)
	for {
		_, err := io.ReadFull(connection, header)
		must(err)
		length := int64(header[0])<<16 | int64(header[1])<<8 | int64(header[2])
		_, err = io.CopyN(io.Discard, connection, length)
		must(err)
		switch {
		case bytes.Equal(header, acknowledgment):
			return append(frames, "SETTINGS acknowledgement")
		case header[3] == 4:
			frames = append(frames, "SETTINGS")
			_, err = connection.Write(acknowledgment)
			must(err)
		default:
			frames = append(frames, fmt.Sprintf("type %d", header[3]))
		}
	}
}

// Text answers as the server of a well-known article does.
type Text struct{}

func (Text) Reply(request string, reply *[]byte) error {
	*reply = []byte(request + " And a reply from the server.")
	return nil
}

func serveRPC(address string) {
	must(rpc.Register(Text{}))
	rpc.HandleHTTP()
	listener, err := net.Listen("unix", address)
	must(err)
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM)
	go http.Serve(listener, nil)
	fmt.Println("listening")
	<-ended
	listener.Close()
}

func callRPC(address, text string) {
	client, err := rpc.DialHTTP("unix", address)
	must(err)
	var reply []byte
	must(client.Call("Text.Reply", text, &reply))
	fmt.Println(string(reply))
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
