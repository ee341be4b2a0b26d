package peer

import (
	"context"

	"google.golang.org/grpc/stats"
)

// compressionWatch notes for each call whether the last message that came in was compressed on the wire:
// grpc-go tells it to a stats handler only.
type compressionWatch struct{}

type compressionKey struct{}

// watchCompression gives a context whose calls report into the returned flag.
func watchCompression(ctx context.Context) (context.Context, *bool) {
	compressed := new(bool)
	return context.WithValue(ctx, compressionKey{}, compressed), compressed
}

func arrivedCompressed(ctx context.Context) bool {
	compressed, watched := ctx.Value(compressionKey{}).(*bool)
	return watched && *compressed
}

func (compressionWatch) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context {
	if _, watched := ctx.Value(compressionKey{}).(*bool); !watched {
		ctx, _ = watchCompression(ctx)
	}
	return ctx
}

func (compressionWatch) HandleRPC(ctx context.Context, event stats.RPCStats) {
	payload, isPayload := event.(*stats.InPayload)
	if compressed, watched := ctx.Value(compressionKey{}).(*bool); isPayload && watched {
		*compressed = payload.CompressedLength != payload.Length
	}
}

func (compressionWatch) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context {
	return ctx
}
func (compressionWatch) HandleConn(context.Context, stats.ConnStats) {}
