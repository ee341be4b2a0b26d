package peer

import (
	"context"
	"io"
	"strconv"
	"time"

	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	testing "google.golang.org/grpc/interop/grpc_testing"
)

// What the metadata of a request asks of every server, next to the messages; ../README.md has the list.
const (
	echoInitialKey  = "x-grpc-test-echo-initial"
	echoTrailingKey = "x-grpc-test-echo-trailing-bin"
	callKey         = "x-podwire-call"
	awaitKey        = "x-podwire-await"
	delayKey        = "x-podwire-delay-ms"
	statusKey       = "x-podwire-status-bin"
)

func newServer() *grpc.Server {
	happened := newEvents()
	server := grpc.NewServer(
		grpc.StatsHandler(compressionWatch{}),
		grpc.UnaryInterceptor(func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (response any, err error) {
			err = happened.around(ctx, func(header, trailer metadata.MD) error {
				grpc.SetHeader(ctx, header)
				grpc.SetTrailer(ctx, trailer)
				response, err = handler(ctx, request)
				return err
			})
			return response, err
		}),
		grpc.StreamInterceptor(func(service any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
			return happened.around(stream.Context(), func(header, trailer metadata.MD) error {
				stream.SetHeader(header)
				stream.SetTrailer(trailer)
				return handler(service, stream)
			})
		}),
	)
	testing.RegisterTestServiceServer(server, testService{})
	return server
}

// around does for each call what its metadata asks, then runs it.
func (e *events) around(ctx context.Context, call func(header, trailer metadata.MD) error) error {
	asked, _ := metadata.FromIncomingContext(ctx)
	if event := first(asked, awaitKey); event != "" {
		if err := e.wait(ctx, event); err != nil {
			return status.FromContextError(err).Err()
		}
	}
	if id := first(asked, callKey); id != "" {
		e.record("begun " + id)
		defer e.record("ended " + id)
	}
	if delay, err := strconv.Atoi(first(asked, delayKey)); err == nil {
		if err := sleep(ctx, time.Duration(delay)*time.Millisecond); err != nil {
			return err
		}
	}
	if wanted := first(asked, statusKey); wanted != "" {
		failure := &spb.Status{}
		if err := proto.Unmarshal([]byte(wanted), failure); err != nil {
			return status.Error(codes.InvalidArgument, err.Error())
		}
		return status.ErrorProto(failure)
	}
	return call(echoed(asked, echoInitialKey), echoed(asked, echoTrailingKey))
}

func echoed(asked metadata.MD, key string) metadata.MD {
	if values := asked.Get(key); len(values) > 0 {
		return metadata.MD{key: values}
	}
	return metadata.MD{}
}

func first(asked metadata.MD, key string) string {
	if values := asked.Get(key); len(values) > 0 {
		return values[0]
	}
	return ""
}

func sleep(ctx context.Context, duration time.Duration) error {
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return status.FromContextError(ctx.Err()).Err()
	}
}

func payload(size int32) *testing.Payload { return &testing.Payload{Body: make([]byte, size)} }

func failureOf(wanted *testing.EchoStatus) error {
	if wanted.GetCode() == 0 {
		return nil
	}
	return status.Error(codes.Code(wanted.GetCode()), wanted.GetMessage())
}

func checkCompression(ctx context.Context, expected *testing.BoolValue) error {
	if expected != nil && expected.GetValue() != arrivedCompressed(ctx) {
		return status.Errorf(codes.InvalidArgument, "compressed on the wire: %v, expected: %v", arrivedCompressed(ctx), expected.GetValue())
	}
	return nil
}

func compressResponse(ctx context.Context, wanted *testing.BoolValue) error {
	switch {
	case wanted == nil:
		return nil
	case wanted.GetValue():
		return grpc.SetSendCompressor(ctx, "gzip")
	default:
		return grpc.SetSendCompressor(ctx, "identity")
	}
}

type testService struct {
	testing.UnimplementedTestServiceServer
}

func (testService) EmptyCall(context.Context, *testing.Empty) (*testing.Empty, error) {
	return &testing.Empty{}, nil
}

func (testService) UnaryCall(ctx context.Context, request *testing.SimpleRequest) (*testing.SimpleResponse, error) {
	if err := checkCompression(ctx, request.GetExpectCompressed()); err != nil {
		return nil, err
	}
	if err := failureOf(request.GetResponseStatus()); err != nil {
		return nil, err
	}
	if err := compressResponse(ctx, request.GetResponseCompressed()); err != nil {
		return nil, err
	}
	return &testing.SimpleResponse{Payload: payload(request.GetResponseSize())}, nil
}

func (testService) StreamingInputCall(stream testing.TestService_StreamingInputCallServer) error {
	size := 0
	for {
		request, err := stream.Recv()
		if err == io.EOF {
			return stream.SendAndClose(&testing.StreamingInputCallResponse{AggregatedPayloadSize: int32(size)})
		}
		if err != nil {
			return err
		}
		if err := checkCompression(stream.Context(), request.GetExpectCompressed()); err != nil {
			return err
		}
		size += len(request.GetPayload().GetBody())
	}
}

func (testService) StreamingOutputCall(request *testing.StreamingOutputCallRequest, stream testing.TestService_StreamingOutputCallServer) error {
	return answer(request, stream)
}

func (testService) FullDuplexCall(stream testing.TestService_FullDuplexCallServer) error {
	for {
		request, err := stream.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := answer(request, stream); err != nil {
			return err
		}
	}
}

func answer(request *testing.StreamingOutputCallRequest, stream testing.TestService_StreamingOutputCallServer) error {
	for i, wanted := range request.GetResponseParameters() {
		if err := sleep(stream.Context(), time.Duration(wanted.GetIntervalUs())*time.Microsecond); err != nil {
			return err
		}
		if i == 0 {
			// grpc-go takes the choice before the first header, once per call; a later request of the same call repeats it.
			_ = compressResponse(stream.Context(), wanted.GetCompressed())
		}
		if err := stream.Send(&testing.StreamingOutputCallResponse{Payload: payload(wanted.GetSize())}); err != nil {
			return err
		}
	}
	return failureOf(request.GetResponseStatus())
}
