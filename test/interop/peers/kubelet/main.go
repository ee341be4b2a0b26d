// The part of a kubelet that registers plugins, made of the kubelet's own packages: it watches a folder, asks each plugin that
// appears there who it is, within a second, tells it what came of it, and forgets it when its socket goes. As the CSI part of
// a kubelet does, it calls NodeGetInfo of what it registers. Prints one JSON line for each step; ends on SIGTERM.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os/signal"
	"syscall"
	"time"

	csi "github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"k8s.io/client-go/tools/record"
	pluginregistration "k8s.io/kubelet/pkg/apis/pluginregistration/v1"
	"k8s.io/kubernetes/pkg/kubelet/pluginmanager/cache"
	"k8s.io/kubernetes/pkg/kubelet/pluginmanager/operationexecutor"
	"k8s.io/kubernetes/pkg/kubelet/pluginmanager/pluginwatcher"
	"k8s.io/kubernetes/pkg/kubelet/pluginmanager/reconciler"
)

// The kubelet's own is a second.
const interval = 100 * time.Millisecond

func main() {
	folder := flag.String("plugins-registry", "", "the folder that is watched")
	refuse := flag.String("refuse", "", "why no plugin is registered")
	flag.Parse()
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()

	desired := cache.NewDesiredStateOfWorld()
	generator := operationexecutor.NewOperationGenerator(record.NewFakeRecorder(100))
	executor := operationexecutor.NewOperationExecutor(generator)
	loop := reconciler.NewReconciler(executor, interval, desired, cache.NewActualStateOfWorld())
	loop.AddHandler(pluginregistration.CSIPlugin, handler{refuse: *refuse})
	if err := pluginwatcher.NewWatcher(*folder, desired).Start(ctx, ctx.Done()); err != nil {
		panic(err)
	}
	say("watching", map[string]any{})
	loop.Run(ctx)
}

type handler struct{ refuse string }

func (h handler) ValidatePlugin(_ context.Context, name, endpoint string, versions []string) error {
	say("asked", map[string]any{"name": name, "endpoint": endpoint, "versions": versions})
	if h.refuse != "" {
		return errors.New(h.refuse)
	}
	return nil
}

func (h handler) RegisterPlugin(ctx context.Context, name, endpoint string, _ []string, _ *time.Duration) error {
	connection, err := grpc.NewClient("unix://"+endpoint, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	limited, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	info, err := csi.NewNodeClient(connection).NodeGetInfo(limited, &csi.NodeGetInfoRequest{})
	if err != nil {
		return err
	}
	say("registered", map[string]any{"name": name, "nodeId": info.GetNodeId()})
	return nil
}

func (h handler) DeRegisterPlugin(_ context.Context, name, _ string) {
	say("forgotten", map[string]any{"name": name})
}

func say(step string, facts map[string]any) {
	facts["step"] = step
	line, err := json.Marshal(facts)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(line))
}
