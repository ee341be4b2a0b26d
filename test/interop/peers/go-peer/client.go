package peer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	testing "google.golang.org/grpc/interop/grpc_testing"
)

const (
	caseLimit = 30 * time.Second
	never     = int32(20_000_000) // microseconds: longer than any deadline here, shorter than the limit
)

type client struct {
	testing.TestServiceClient
	unimplemented testing.UnimplementedServiceClient
	facts         map[string]any
}

var cases = []struct {
	name string
	run  func(client, context.Context) error
}{
	{"empty_unary", client.emptyUnary},
	{"large_unary", client.largeUnary},
	{"client_streaming", client.clientStreaming},
	{"server_streaming", client.serverStreaming},
	{"ping_pong", client.pingPong},
	{"empty_stream", client.emptyStream},
	{"timeout", client.timeout},
	{"cancel_after_begin", client.cancelAfterBegin},
	{"cancel_after_first_response", client.cancelAfterFirstResponse},
	{"custom_metadata", client.customMetadata},
	{"status_code_and_message", client.statusCodeAndMessage},
	{"special_status_message", client.specialStatusMessage},
	{"unimplemented_method", client.unimplementedMethod},
	{"unimplemented_service", client.unimplementedService},
	{"error_details", client.errorDetails},
	{"gzip", client.gzip},
	{"large_message", client.largeMessage},
	{"concurrent_calls", client.concurrentCalls},
}

func caseNames() (names []string) {
	for _, known := range cases {
		names = append(names, known.name)
	}
	return names
}

func runCase(connection *grpc.ClientConn, name string) (map[string]any, error) {
	ctx, cancel := context.WithTimeout(context.Background(), caseLimit)
	defer cancel()
	for _, known := range cases {
		if known.name == name {
			calls := client{testing.NewTestServiceClient(connection), testing.NewUnimplementedServiceClient(connection), map[string]any{}}
			return calls.facts, known.run(calls, ctx)
		}
	}
	return nil, fmt.Errorf("unknown case %q", name)
}

func expect(what string, got, want any) error {
	if fmt.Sprint(got) != fmt.Sprint(want) {
		return fmt.Errorf("%s: got %v, want %v", what, got, want)
	}
	return nil
}

func expectStatus(what string, err error, code codes.Code, message string) error {
	return errors.Join(expect(what+" code", status.Code(err), code), expect(what+" message", status.Convert(err).Message(), message))
}

func (c client) emptyUnary(ctx context.Context) error {
	_, err := c.EmptyCall(ctx, &testing.Empty{})
	return err
}

func (c client) unary(ctx context.Context, request *testing.SimpleRequest, options ...grpc.CallOption) error {
	response, err := c.UnaryCall(ctx, request, options...)
	if err != nil {
		return err
	}
	return expect("payload", len(response.GetPayload().GetBody()), request.GetResponseSize())
}

func (c client) largeUnary(ctx context.Context) error {
	return c.unary(ctx, &testing.SimpleRequest{ResponseSize: 314159, Payload: payload(271828)})
}

func (c client) clientStreaming(ctx context.Context) error {
	stream, err := c.StreamingInputCall(ctx)
	if err != nil {
		return err
	}
	for _, size := range []int32{27182, 8, 1828, 45904} {
		if err := stream.Send(&testing.StreamingInputCallRequest{Payload: payload(size)}); err != nil {
			return err
		}
	}
	response, err := stream.CloseAndRecv()
	if err != nil {
		return err
	}
	return expect("aggregated size", response.GetAggregatedPayloadSize(), 74922)
}

func outputRequest(sizes ...int32) *testing.StreamingOutputCallRequest {
	request := &testing.StreamingOutputCallRequest{}
	for _, size := range sizes {
		request.ResponseParameters = append(request.ResponseParameters, &testing.ResponseParameters{Size: size})
	}
	return request
}

func (c client) serverStreaming(ctx context.Context) error {
	sizes := []int32{31415, 9, 2653, 58979}
	stream, err := c.StreamingOutputCall(ctx, outputRequest(sizes...))
	if err != nil {
		return err
	}
	for _, size := range sizes {
		response, err := stream.Recv()
		if err != nil {
			return err
		}
		if err := expect("payload", len(response.GetPayload().GetBody()), size); err != nil {
			return err
		}
	}
	_, err = stream.Recv()
	return expect("end", err, io.EOF)
}

func (c client) pingPong(ctx context.Context) error {
	stream, err := c.FullDuplexCall(ctx)
	if err != nil {
		return err
	}
	for _, sizes := range [][2]int32{{27182, 31415}, {8, 9}, {1828, 2653}, {45904, 58979}} {
		if err := exchange(stream, sizes[0], sizes[1]); err != nil {
			return err
		}
	}
	return finish(stream)
}

func exchange(stream testing.TestService_FullDuplexCallClient, requestSize, responseSize int32) error {
	request := outputRequest(responseSize)
	request.Payload = payload(requestSize)
	if err := stream.Send(request); err != nil {
		return err
	}
	response, err := stream.Recv()
	if err != nil {
		return err
	}
	return expect("payload", len(response.GetPayload().GetBody()), responseSize)
}

func finish(stream testing.TestService_FullDuplexCallClient) error {
	if err := stream.CloseSend(); err != nil {
		return err
	}
	_, err := stream.Recv()
	return expect("end", err, io.EOF)
}

func (c client) emptyStream(ctx context.Context) error {
	stream, err := c.FullDuplexCall(ctx)
	if err != nil {
		return err
	}
	return finish(stream)
}

// kinds starts one call of each kind that does not end by itself and waits for its end.
func (c client) kinds() map[string]func(context.Context) error {
	waiting := outputRequest(1)
	waiting.ResponseParameters[0].IntervalUs = never
	return map[string]func(context.Context) error{
		"unary": func(ctx context.Context) error {
			_, err := c.UnaryCall(metadata.AppendToOutgoingContext(ctx, delayKey, fmt.Sprint(never/1000)), &testing.SimpleRequest{})
			return err
		},
		"client_stream": func(ctx context.Context) error {
			stream, err := c.StreamingInputCall(ctx)
			if err != nil {
				return err
			}
			return stream.RecvMsg(&testing.StreamingInputCallResponse{})
		},
		"server_stream": func(ctx context.Context) error {
			stream, err := c.StreamingOutputCall(ctx, waiting)
			if err != nil {
				return err
			}
			_, err = stream.Recv()
			return err
		},
		"duplex": func(ctx context.Context) error {
			stream, err := c.FullDuplexCall(ctx)
			if err != nil {
				return err
			}
			_, err = stream.Recv()
			return err
		},
	}
}

var lastCall atomic.Int64

// newCall gives the context of a call that the server reports about.
func newCall(ctx context.Context) (context.Context, string) {
	id := fmt.Sprintf("%d-%d", time.Now().UnixNano(), lastCall.Add(1))
	return metadata.AppendToOutgoingContext(ctx, callKey, id), id
}

// await returns when the server has seen the event.
func (c client) await(ctx context.Context, event string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if _, err := c.EmptyCall(metadata.AppendToOutgoingContext(ctx, awaitKey, event), &testing.Empty{}); err != nil {
		return fmt.Errorf("waiting for %q: %w", event, err)
	}
	return nil
}

func (c client) timeout(ctx context.Context) error {
	var failures []error
	for kind, start := range c.kinds() {
		// On a busy machine the time may be over before the server has heard of the call: then the next one is tried.
		for _, limit := range []time.Duration{100 * time.Millisecond, time.Second, 5 * time.Second} {
			call, id := newCall(ctx)
			short, cancel := context.WithTimeout(call, limit)
			err := start(short)
			cancel()
			failures = append(failures, expect(kind, status.Code(err), codes.DeadlineExceeded))
			if c.await(ctx, "begun "+id) != nil && limit < 5*time.Second {
				continue
			}
			failures = append(failures, c.await(ctx, "ended "+id))
			break
		}
	}
	return errors.Join(failures...)
}

func (c client) cancelAfterBegin(ctx context.Context) error {
	var failures []error
	for kind, start := range c.kinds() {
		call, id := newCall(ctx)
		call, cancel := context.WithCancel(call)
		ended := make(chan error, 1)
		go func() { ended <- start(call) }()
		begun := c.await(ctx, "begun "+id)
		cancel()
		failures = append(failures, begun, expect(kind, status.Code(<-ended), codes.Canceled), c.await(ctx, "ended "+id))
	}
	return errors.Join(failures...)
}

func (c client) cancelAfterFirstResponse(ctx context.Context) error {
	then := outputRequest(31415, 1)
	then.ResponseParameters[1].IntervalUs = never
	call, id := newCall(ctx)
	call, cancel := context.WithCancel(call)
	defer cancel()
	output, err := c.StreamingOutputCall(call, then)
	if err != nil {
		return err
	}
	if _, err := output.Recv(); err != nil {
		return err
	}
	cancel()
	_, err = output.Recv()
	if err := errors.Join(expect("server_stream", status.Code(err), codes.Canceled), c.await(ctx, "ended "+id)); err != nil {
		return err
	}
	call, id = newCall(ctx)
	call, cancel = context.WithCancel(call)
	defer cancel()
	duplex, err := c.FullDuplexCall(call)
	if err != nil {
		return err
	}
	if err := exchange(duplex, 27182, 31415); err != nil {
		return err
	}
	cancel()
	_, err = duplex.Recv()
	return errors.Join(expect("duplex", status.Code(err), codes.Canceled), c.await(ctx, "ended "+id))
}

func (c client) customMetadata(ctx context.Context) error {
	initial := []string{"test_initial_metadata_value", "a second one"}
	trailing := []string{"\xab\xab\xab", "\x00\xff,\n"}
	for _, value := range initial {
		ctx = metadata.AppendToOutgoingContext(ctx, echoInitialKey, value)
	}
	for _, value := range trailing {
		ctx = metadata.AppendToOutgoingContext(ctx, echoTrailingKey, value)
	}
	check := func(kind string, header, trailer metadata.MD) error {
		// RFC 9110 5.3: a list may arrive as several fields or as one, joined with a comma.
		joined := strings.ReplaceAll(strings.Join(header.Get(echoInitialKey), ","), ", ", ",")
		return errors.Join(
			expect(kind+" header", joined, strings.Join(initial, ",")),
			expect(kind+" trailer", fmt.Sprintf("%x", trailer.Get(echoTrailingKey)), fmt.Sprintf("%x", trailing)),
		)
	}
	var header, trailer metadata.MD
	if err := c.unary(ctx, &testing.SimpleRequest{ResponseSize: 1}, grpc.Header(&header), grpc.Trailer(&trailer)); err != nil {
		return err
	}
	failures := []error{check("unary", header, trailer)}
	input, err := c.StreamingInputCall(ctx)
	if err != nil {
		return err
	}
	if _, err := input.CloseAndRecv(); err != nil {
		return err
	}
	header, _ = input.Header()
	failures = append(failures, check("client_stream", header, input.Trailer()))
	output, err := c.StreamingOutputCall(ctx, outputRequest(1))
	if err != nil {
		return err
	}
	for err == nil {
		_, err = output.Recv()
	}
	header, _ = output.Header()
	failures = append(failures, expect("server_stream", err, io.EOF), check("server_stream", header, output.Trailer()))
	duplex, err := c.FullDuplexCall(ctx)
	if err != nil {
		return err
	}
	if err := errors.Join(exchange(duplex, 1, 1), finish(duplex)); err != nil {
		return err
	}
	header, _ = duplex.Header()
	return errors.Join(append(failures, check("duplex", header, duplex.Trailer()))...)
}

// failWith asks for a status from each method whose request can carry one.
func (c client) failWith(ctx context.Context, code codes.Code, message string) error {
	wanted := &testing.EchoStatus{Code: int32(code), Message: message}
	_, err := c.UnaryCall(ctx, &testing.SimpleRequest{ResponseStatus: wanted})
	failures := []error{expectStatus("unary", err, code, message)}
	request := outputRequest(1)
	request.ResponseStatus = wanted
	output, err := c.StreamingOutputCall(ctx, request)
	for err == nil {
		_, err = output.Recv()
	}
	failures = append(failures, expectStatus("server_stream", err, code, message))
	duplex, err := c.FullDuplexCall(ctx)
	if err == nil {
		err = duplex.Send(&testing.StreamingOutputCallRequest{ResponseStatus: wanted})
	}
	if err == nil {
		_, err = duplex.Recv()
	}
	return errors.Join(append(failures, expectStatus("duplex", err, code, message))...)
}

func (c client) statusCodeAndMessage(ctx context.Context) error {
	return c.failWith(ctx, codes.Unknown, "test status message")
}

func (c client) specialStatusMessage(ctx context.Context) error {
	return c.failWith(ctx, codes.Unknown, "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈 and 100 %\t\n")
}

func (c client) unimplementedMethod(ctx context.Context) error {
	_, err := c.UnimplementedCall(ctx, &testing.Empty{})
	return expect("code", status.Code(err), codes.Unimplemented)
}

func (c client) unimplementedService(ctx context.Context) error {
	_, err := c.unimplemented.UnimplementedCall(ctx, &testing.Empty{})
	return expect("code", status.Code(err), codes.Unimplemented)
}

func (c client) errorDetails(ctx context.Context) error {
	detail, err := anypb.New(&errdetails.ErrorInfo{Reason: "VOLUME_BUSY", Domain: "podwire.test", Metadata: map[string]string{"volume": "ü 1"}})
	if err != nil {
		return err
	}
	failure := &spb.Status{Code: int32(codes.FailedPrecondition), Message: "the volume is busy", Details: []*anypb.Any{detail}}
	encoded, err := proto.Marshal(failure)
	if err != nil {
		return err
	}
	var failures []error
	asking := metadata.AppendToOutgoingContext(ctx, statusKey, string(encoded))
	for kind, start := range c.kinds() {
		if kind == "unary" {
			start = func(ctx context.Context) error { return c.unary(ctx, &testing.SimpleRequest{}) }
		}
		got := status.Convert(start(asking)).Proto()
		if !proto.Equal(got, failure) {
			failures = append(failures, fmt.Errorf("%s: got %v", kind, got))
		}
	}
	return errors.Join(failures...)
}

func (c client) gzip(ctx context.Context) error {
	ctx, compressed := watchCompression(ctx)
	yes, no := &testing.BoolValue{Value: true}, &testing.BoolValue{}
	request := &testing.SimpleRequest{ExpectCompressed: yes, ResponseCompressed: yes, ResponseSize: 314159, Payload: payload(271828)}
	if err := c.unary(ctx, request, grpc.UseCompressor(gzip.Name)); err != nil {
		return fmt.Errorf("gzip both ways: %w", err)
	}
	c.facts["gzipResponse"] = *compressed
	request.ExpectCompressed, request.ResponseCompressed = no, no
	if err := c.unary(ctx, request); err != nil {
		return fmt.Errorf("identity: %w", err)
	}
	if err := expect("identity asked for, response compressed", *compressed, false); err != nil {
		return err
	}
	input, err := c.StreamingInputCall(ctx, grpc.UseCompressor(gzip.Name))
	if err != nil {
		return err
	}
	for range 3 {
		if err := input.Send(&testing.StreamingInputCallRequest{ExpectCompressed: yes, Payload: payload(27182)}); err != nil {
			return err
		}
	}
	sum, err := input.CloseAndRecv()
	if err != nil {
		return fmt.Errorf("client_stream: %w", err)
	}
	duplex, err := c.FullDuplexCall(ctx, grpc.UseCompressor(gzip.Name))
	if err != nil {
		return err
	}
	return errors.Join(expect("sum", sum.GetAggregatedPayloadSize(), 3*27182), exchange(duplex, 27182, 31415), exchange(duplex, 8, 9), finish(duplex))
}

func (c client) largeMessage(ctx context.Context) error {
	const size = 3 << 20
	if err := c.unary(ctx, &testing.SimpleRequest{ResponseSize: size, Payload: payload(size)}); err != nil {
		return fmt.Errorf("unary: %w", err)
	}
	duplex, err := c.FullDuplexCall(ctx)
	if err != nil {
		return err
	}
	return errors.Join(exchange(duplex, size, size), exchange(duplex, size, size), finish(duplex))
}

func (c client) concurrentCalls(ctx context.Context) error {
	const calls = 200
	failures := make(chan error, calls)
	for i := range calls {
		go func() {
			if i%4 == 0 {
				failures <- c.pingPong(ctx)
			} else {
				failures <- c.unary(ctx, &testing.SimpleRequest{ResponseSize: int32(1000 + i), Payload: payload(100)})
			}
		}()
	}
	var failed []error
	for range calls {
		failed = append(failed, <-failures)
	}
	return errors.Join(failed...)
}
