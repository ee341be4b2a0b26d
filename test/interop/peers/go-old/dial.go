package main

import (
	"context"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"podwire.test/interop/peer"
)

// dial does what kubelet and CSI sidecars of that age did: the target is the bare address and a dialer of
// their own connects to it, so that grpc-go, which has no resolver to ask, sends the target as `:authority`.
func dial(endpoint string, options ...grpc.DialOption) (*grpc.ClientConn, error) {
	return grpc.Dial(peer.Address(endpoint), append(options,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", address)
		}))...)
}
