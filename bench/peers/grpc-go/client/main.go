// The benchmark's client in grpc-go; see bench/README.md.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	testing "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/protobuf/proto"
	podinfov1 "podinfo.example/podinfov1"
)

const (
	deadline = 10 * time.Second
	opening  = 50
)

var (
	endpoint    = flag.String("endpoint", "", "unix:///path")
	call        = flag.String("call", "unary", "what is called")
	size        = flag.Int("bytes", 64, "octets of a payload")
	messages    = flag.Int("messages", 1, "messages of a stream, entries of a list")
	inFlight    = flag.Int("in-flight", 1, "workers for each connection")
	connections = flag.Int("connections", 1, "connections")
	warmUp      = flag.Float64("warm-up", 1, "seconds")
	seconds     = flag.Float64("seconds", 3, "seconds")
	requestFile = flag.String("request-file", "", "an encoded CreateVolumeRequest")
)

var (
	body                = []byte(strings.Repeat("a", 8<<20))
	createVolumeRequest csi.CreateVolumeRequest
	errIncomplete       = errors.New("an answer is not whole")
	measuring, stopped  atomic.Bool
)

type connection struct {
	*grpc.ClientConn
	test       testing.TestServiceClient
	controller csi.ControllerClient
}

func open() connection {
	conn, err := grpc.NewClient(*endpoint,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(8<<20)))
	check(err)
	return connection{conn, testing.NewTestServiceClient(conn), csi.NewControllerClient(conn)}
}

func (c connection) greet() {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	_, err := c.test.EmptyCall(ctx, &testing.Empty{})
	check(err)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func payload() *testing.Payload {
	return &testing.Payload{Body: body[:*size]}
}

// operation makes one operation; lap is called whenever one is done.
func (c connection) operation(lap func()) error {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	switch *call {
	case "unary":
		response, err := c.test.UnaryCall(ctx, &testing.SimpleRequest{ResponseSize: int32(*size), Payload: payload()})
		if err != nil {
			return err
		}
		if len(response.GetPayload().GetBody()) != *size {
			return errIncomplete
		}
	case "create-volume":
		response, err := c.controller.CreateVolume(ctx, &createVolumeRequest)
		if err != nil {
			return err
		}
		if response.GetVolume().GetVolumeId() == "" {
			return errIncomplete
		}
	case "list-volumes":
		response, err := c.controller.ListVolumes(ctx, &csi.ListVolumesRequest{MaxEntries: int32(*messages)})
		if err != nil {
			return err
		}
		if len(response.GetEntries()) != *messages {
			return errIncomplete
		}
	case "server-stream":
		if err := c.serverStream(ctx); err != nil {
			return err
		}
	case "client-stream":
		if err := c.clientStream(ctx); err != nil {
			return err
		}
	case "ping-pong":
		return c.pingPong(ctx, lap)
	case "connect":
		fresh := open()
		fresh.greet()
		if err := fresh.Close(); err != nil {
			return err
		}
	default:
		return fmt.Errorf("there is no --call=%s", *call)
	}
	lap()
	return nil
}

func (c connection) serverStream(ctx context.Context) error {
	request := &testing.StreamingOutputCallRequest{}
	for range *messages {
		request.ResponseParameters = append(request.ResponseParameters, &testing.ResponseParameters{Size: int32(*size)})
	}
	stream, err := c.test.StreamingOutputCall(ctx, request)
	if err != nil {
		return err
	}
	for received := 0; ; received++ {
		response, err := stream.Recv()
		if errors.Is(err, io.EOF) && received == *messages {
			return nil
		}
		if err != nil {
			return err
		}
		if len(response.GetPayload().GetBody()) != *size {
			return errIncomplete
		}
	}
}

func (c connection) clientStream(ctx context.Context) error {
	stream, err := c.test.StreamingInputCall(ctx)
	if err != nil {
		return err
	}
	for range *messages {
		if err := stream.Send(&testing.StreamingInputCallRequest{Payload: payload()}); err != nil {
			return err
		}
	}
	response, err := stream.CloseAndRecv()
	if err != nil {
		return err
	}
	if int(response.GetAggregatedPayloadSize()) != *messages**size {
		return errIncomplete
	}
	return nil
}

func (c connection) pingPong(ctx context.Context, lap func()) error {
	stream, err := c.test.FullDuplexCall(ctx)
	if err != nil {
		return err
	}
	for range *messages {
		err := stream.Send(&testing.StreamingOutputCallRequest{
			ResponseParameters: []*testing.ResponseParameters{{Size: int32(*size)}},
			Payload:            payload(),
		})
		if err != nil {
			return err
		}
		response, err := stream.Recv()
		if err != nil {
			return err
		}
		if len(response.GetPayload().GetBody()) != *size {
			return errIncomplete
		}
		lap()
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
		return errIncomplete
	}
	return nil
}

// work is one worker; it returns the latencies of what ended in the measured time.
func (c connection) work() []time.Duration {
	var latencies []time.Duration
	began := time.Now()
	lap := func() {
		now := time.Now()
		if measuring.Load() {
			latencies = append(latencies, now.Sub(began))
		}
		began = now
	}
	for !stopped.Load() {
		began = time.Now()
		check(c.operation(lap))
	}
	return latencies
}

func openAll(count int) []connection {
	var all []connection
	for len(all) < count {
		group := make([]connection, min(opening, count-len(all)))
		var ready sync.WaitGroup
		for index := range group {
			ready.Go(func() {
				group[index] = open()
				group[index].greet()
			})
		}
		ready.Wait()
		all = append(all, group...)
	}
	return all
}

func describe() {
	conn := open()
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	_, err := podinfov1.NewPodInfoClient(conn).Describe(ctx, &podinfov1.DescribeRequest{Text: "Some values from the client,"})
	check(err)
	fmt.Println("answer")
}

func main() {
	flag.Parse()
	if *call == "describe" {
		describe()
		return
	}
	if *requestFile != "" {
		encoded, err := os.ReadFile(*requestFile)
		check(err)
		check(proto.Unmarshal(encoded, &createVolumeRequest))
	}
	all := []connection{{}}
	if *call != "connect" {
		all = openAll(*connections)
	}
	var workers sync.WaitGroup
	latencies := make([][]time.Duration, len(all)**inFlight)
	for index := range latencies {
		workers.Go(func() { latencies[index] = all[index%len(all)].work() })
	}
	time.Sleep(time.Duration(*warmUp * float64(time.Second)))
	measuring.Store(true)
	began := time.Now()
	fmt.Println("begin")
	time.Sleep(time.Duration(*seconds * float64(time.Second)))
	measuring.Store(false)
	elapsed := time.Since(began)
	fmt.Println("end")
	stopped.Store(true)
	workers.Wait()
	report(slices.Concat(latencies...), elapsed)
	// The harness reads the memory of this process and ends it.
	time.Sleep(time.Hour)
}

func report(sorted []time.Duration, elapsed time.Duration) {
	slices.Sort(sorted)
	quantile := func(share float64) float64 {
		if len(sorted) == 0 {
			return 0
		}
		return float64(sorted[int(float64(len(sorted))*share)]) / float64(time.Microsecond)
	}
	units := len(sorted)
	if *call == "server-stream" || *call == "client-stream" {
		units *= *messages
	}
	check(json.NewEncoder(os.Stdout).Encode(map[string]float64{
		"units":   float64(units),
		"seconds": elapsed.Seconds(),
		"p50":     quantile(0.5),
		"p99":     quantile(0.99),
	}))
}
