// The benchmark's server in grpc-go; see bench/README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc"
	testing "google.golang.org/grpc/interop/grpc_testing"
	podinfov1 "podinfo.example/podinfov1"
)

var body = []byte(strings.Repeat("a", 8<<20))

func payload(size int32) *testing.Payload {
	return &testing.Payload{Body: body[:size]}
}

type testService struct {
	testing.UnimplementedTestServiceServer
}

func (testService) EmptyCall(context.Context, *testing.Empty) (*testing.Empty, error) {
	return &testing.Empty{}, nil
}

func (testService) UnaryCall(_ context.Context, request *testing.SimpleRequest) (*testing.SimpleResponse, error) {
	return &testing.SimpleResponse{Payload: payload(request.GetResponseSize())}, nil
}

func send(stream grpc.ServerStreamingServer[testing.StreamingOutputCallResponse], request *testing.StreamingOutputCallRequest) error {
	for _, parameters := range request.GetResponseParameters() {
		if err := stream.Send(&testing.StreamingOutputCallResponse{Payload: payload(parameters.GetSize())}); err != nil {
			return err
		}
	}
	return nil
}

func (testService) StreamingOutputCall(request *testing.StreamingOutputCallRequest, stream grpc.ServerStreamingServer[testing.StreamingOutputCallResponse]) error {
	return send(stream, request)
}

func (testService) StreamingInputCall(stream grpc.ClientStreamingServer[testing.StreamingInputCallRequest, testing.StreamingInputCallResponse]) error {
	var size int32
	for {
		request, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return stream.SendAndClose(&testing.StreamingInputCallResponse{AggregatedPayloadSize: size})
		}
		if err != nil {
			return err
		}
		size += int32(len(request.GetPayload().GetBody()))
	}
}

func (testService) FullDuplexCall(stream grpc.BidiStreamingServer[testing.StreamingOutputCallRequest, testing.StreamingOutputCallResponse]) error {
	for {
		request, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := send(stream, request); err != nil {
			return err
		}
	}
}

type controller struct {
	csi.UnimplementedControllerServer
	entries []*csi.ListVolumesResponse_Entry
}

func newController() *controller {
	made := &controller{}
	for index := range 1000 {
		made.entries = append(made.entries, &csi.ListVolumesResponse_Entry{
			Volume: &csi.Volume{
				VolumeId:      fmt.Sprintf("pvc-00000000-0000-4000-8000-%012d", index),
				CapacityBytes: 10737418240,
				VolumeContext: map[string]string{
					"storage.kubernetes.io/csiProvisionerIdentity": "1700000000000-8081-hostpath.csi.k8s.io",
				},
				AccessibleTopology: []*csi.Topology{{Segments: map[string]string{"topology.hostpath.csi/node": "worker-1"}}},
			},
			Status: &csi.ListVolumesResponse_VolumeStatus{PublishedNodeIds: []string{"worker-1"}},
		})
	}
	return made
}

func (*controller) CreateVolume(_ context.Context, request *csi.CreateVolumeRequest) (*csi.CreateVolumeResponse, error) {
	return &csi.CreateVolumeResponse{Volume: &csi.Volume{
		VolumeId:           request.GetName(),
		CapacityBytes:      request.GetCapacityRange().GetRequiredBytes(),
		VolumeContext:      request.GetParameters(),
		ContentSource:      request.GetVolumeContentSource(),
		AccessibleTopology: request.GetAccessibilityRequirements().GetPreferred(),
	}}, nil
}

func (c *controller) ListVolumes(_ context.Context, request *csi.ListVolumesRequest) (*csi.ListVolumesResponse, error) {
	return &csi.ListVolumesResponse{Entries: c.entries[:min(int(request.GetMaxEntries()), len(c.entries))]}, nil
}

type podInfo struct {
	podinfov1.UnimplementedPodInfoServer
}

func (podInfo) Describe(_ context.Context, request *podinfov1.DescribeRequest) (*podinfov1.DescribeResponse, error) {
	return &podinfov1.DescribeResponse{Reply: request.GetText() + " And a reply from the server."}, nil
}

func main() {
	endpoint := flag.String("endpoint", "", "unix:///path")
	flag.Parse()
	listener, err := net.Listen("unix", strings.TrimPrefix(*endpoint, "unix://"))
	if err != nil {
		log.Fatal(err)
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGUSR2)
	go func() {
		for received := range signals {
			if received == syscall.SIGTERM {
				os.Exit(0)
			}
			runtime.GC()
			debug.FreeOSMemory()
			var memory runtime.MemStats
			runtime.ReadMemStats(&memory)
			fmt.Printf("{\"heapBytes\":%d}\n", memory.HeapAlloc)
		}
	}()
	server := grpc.NewServer(grpc.MaxRecvMsgSize(8 << 20))
	testing.RegisterTestServiceServer(server, testService{})
	csi.RegisterControllerServer(server, newController())
	podinfov1.RegisterPodInfoServer(server, podInfo{})
	fmt.Println("listening")
	log.Fatal(server.Serve(listener))
}
