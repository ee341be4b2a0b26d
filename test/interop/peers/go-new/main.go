// The newest grpc-go line: it understands `unix:///path` and `unix-abstract:name` itself and sends `localhost`.
package main

import (
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"podwire.test/interop/peer"
)

func main() {
	peer.Main(func(endpoint string, options ...grpc.DialOption) (*grpc.ClientConn, error) {
		return grpc.NewClient(endpoint, append(options, grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	})
}
