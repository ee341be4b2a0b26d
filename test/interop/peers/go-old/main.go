// grpc-go 1.56, the last line that sends a socket path as `:authority` as it is.
package main

import (
	"os"

	"podwire.test/interop/peer"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "record" {
		record(os.Args[2:])
		return
	}
	peer.Main(dial)
}
