// Does what every sidecar of CSI does first, with the library that they share: it connects to a plugin, waits until it is
// ready, and asks who it is and what it can. Prints one JSON line for each step. With --watch it then probes until SIGTERM,
// and says when the connection is lost.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/kubernetes-csi/csi-lib-utils/connection"
	"github.com/kubernetes-csi/csi-lib-utils/metrics"
	"github.com/kubernetes-csi/csi-lib-utils/rpc"
	"google.golang.org/grpc/status"
)

func main() {
	address := flag.String("csi-address", "/run/csi/socket", "the plugin")
	probeTimeout := flag.Duration("probe-timeout", time.Second, "for one probe")
	once := flag.Bool("once", false, "probe once, as livenessprobe does, and end")
	watch := flag.Bool("watch", false, "go on probing")
	exitOnLoss := flag.Bool("exit-on-connection-loss", false, "as sidecars with leader election do")
	flag.Parse()
	ctx := context.Background()

	manager := metrics.NewCSIMetricsManagerForSidecar("")
	var options []connection.Option
	switch {
	case *once:
		options = append(options, connection.WithTimeout(*probeTimeout))
	case !strings.HasPrefix(*address, "unix://"):
		// The library looks after the connection of such addresses only.
	case *exitOnLoss:
		options = append(options, connection.OnConnectionLoss(connection.ExitOnConnectionLoss()))
	case *watch:
		options = append(options, connection.OnConnectionLoss(func(context.Context) bool {
			say("lost", true)
			return true
		}))
	}

	conn, err := connection.Connect(ctx, *address, manager, options...)
	check("connect", err)
	defer conn.Close()
	say("connected", true)

	if *once {
		limited, cancel := context.WithTimeout(ctx, *probeTimeout)
		defer cancel()
		ready, err := rpc.Probe(limited, conn)
		check("probe", err)
		say("ready", ready)
		return
	}

	check("probe", rpc.ProbeForever(ctx, conn, *probeTimeout))
	say("ready", true)
	name, err := rpc.GetDriverName(ctx, conn)
	check("name", err)
	say("name", name)
	manager.SetDriverName(name)
	plugin, err := rpc.GetPluginCapabilities(ctx, conn)
	check("plugin", err)
	say("plugin", names(plugin))
	controller, err := rpc.GetControllerCapabilities(ctx, conn)
	check("controller", err)
	say("controller", names(controller))
	group, err := rpc.GetGroupControllerCapabilities(ctx, conn)
	check("groupController", err)
	say("groupController", names(group))

	if *watch {
		ended := make(chan os.Signal, 1)
		signal.Notify(ended, syscall.SIGTERM)
		for running := true; running; {
			select {
			case <-ended:
				running = false
			case <-time.After(20 * time.Millisecond):
				limited, cancel := context.WithTimeout(ctx, *probeTimeout)
				_, err := rpc.Probe(limited, conn)
				cancel()
				say("probed", status.Code(err).String())
			}
		}
	}
	say("metrics", operations(manager))
}

// operations counts calls by method and code, as the sidecar's own metrics have them.
func operations(manager metrics.CSIMetricsManager) map[string]uint64 {
	counts := map[string]uint64{}
	families, err := manager.GetRegistry().Gather()
	check("metrics", err)
	for _, family := range families {
		if family.GetName() != "csi_sidecar_operations_seconds" {
			continue
		}
		for _, metric := range family.GetMetric() {
			labels := map[string]string{}
			for _, label := range metric.GetLabel() {
				labels[label.GetName()] = label.GetValue()
			}
			key := labels["driver_name"] + " " + labels["method_name"] + " " + labels["grpc_status_code"]
			counts[key] = metric.GetHistogram().GetSampleCount()
		}
	}
	return counts
}

func names[Capability interface {
	comparable
	fmt.Stringer
}](set map[Capability]bool) []string {
	found := []string{}
	for one := range set {
		found = append(found, one.String())
	}
	slices.Sort(found)
	return found
}

func say(step string, value any) {
	line, err := json.Marshal(map[string]any{step: value})
	if err != nil {
		panic(err)
	}
	fmt.Println(string(line))
}

func check(step string, err error) {
	if err != nil {
		say("failed", step+": "+status.Code(err).String()+": "+err.Error())
		os.Exit(1)
	}
}
