package main

import (
	"context"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"

	"podinfo.example/podinfov1"
)

// podInfo serves podinfo.v1.PodInfo.
type podInfo struct {
	podinfov1.UnimplementedPodInfoServer
}

func (podInfo) Describe(_ context.Context, request *podinfov1.DescribeRequest) (*podinfov1.DescribeResponse, error) {
	return &podinfov1.DescribeResponse{Reply: request.GetText() + " And a reply from the server."}, nil
}

func (podInfo) Watch(request *podinfov1.WatchRequest, stream grpc.ServerStreamingServer[podinfov1.WatchResponse]) error {
	interval := time.Second
	if request.GetIntervalMs() != 0 {
		interval = time.Duration(request.GetIntervalMs()) * time.Millisecond
	}
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for sequence := uint64(1); ; sequence++ {
		sample := &podinfov1.WatchResponse{
			Sequence:         sequence,
			TimeUnixNanos:    uint64(time.Now().UnixNano()),
			CgroupVersion:    2,
			MemoryUsageBytes: cgroupFigure("memory.current"),
			PidsCurrent:      cgroupFigure("pids.current"),
		}
		if err := stream.Send(sample); err != nil {
			return err
		}
		if sequence == uint64(request.GetSampleLimit()) {
			return nil
		}
		select {
		case <-ticker.C:
		case <-stream.Context().Done():
			return stream.Context().Err()
		}
	}
}

func (podInfo) PushLogs(stream grpc.ClientStreamingServer[podinfov1.PushLogsRequest, podinfov1.PushLogsResponse]) error {
	sum := &podinfov1.PushLogsResponse{}
	for {
		request, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return stream.SendAndClose(sum)
		}
		if err != nil {
			return err
		}
		if request.GetStream() == podinfov1.LogStream_LOG_STREAM_UNSPECIFIED {
			sum.RejectedLines++
			continue
		}
		sum.AcceptedLines++
		sum.AcceptedBytes += uint64(len(request.GetLine()))
	}
}

func (podInfo) Exchange(stream grpc.BidiStreamingServer[podinfov1.ExchangeRequest, podinfov1.ExchangeResponse]) error {
	for {
		request, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		response := &podinfov1.ExchangeResponse{Id: request.GetId()}
		if request.GetCommand() == "echo" {
			response.Outcome = &podinfov1.ExchangeResponse_Output{Output: strings.Join(request.GetArguments(), " ")}
		} else {
			response.Outcome = &podinfov1.ExchangeResponse_Error{Error: "there is no command " + strconv.Quote(request.GetCommand())}
		}
		if err := stream.Send(response); err != nil {
			return err
		}
	}
}

// cgroupFigure reads a file of the container's own cgroup (version 2); nil where the kernel does not offer it.
func cgroupFigure(file string) *uint64 {
	text, err := os.ReadFile("/sys/fs/cgroup/" + file)
	if err != nil {
		return nil
	}
	figure, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return nil
	}
	return &figure
}
