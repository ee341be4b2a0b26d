"""The server of the pod, in Python: python server.py [endpoint]"""

import pathlib
import signal
import sys
import threading
import time
from concurrent import futures

import grpc

from stubs import messages, services


class PodInfo(services.PodInfoServicer):
    def Describe(self, request, context):
        return messages.DescribeResponse(reply=f"{request.text} And a reply from the server.")

    def Watch(self, request, context):
        over = threading.Event()
        context.add_callback(over.set)
        sequence = 0
        while sequence == 0 or not over.wait((request.interval_ms or 1000) / 1000):
            sequence += 1
            yield messages.WatchResponse(
                sequence=sequence,
                time_unix_nanos=time.time_ns(),
                cgroup_version=2,
                memory_usage_bytes=cgroup_figure("memory.current"),
                pids_current=cgroup_figure("pids.current"),
            )
            if sequence == request.sample_limit:
                return

    def PushLogs(self, request_iterator, context):
        response = messages.PushLogsResponse()
        for request in request_iterator:
            if request.stream == messages.LOG_STREAM_UNSPECIFIED:
                response.rejected_lines += 1
            else:
                response.accepted_lines += 1
                response.accepted_bytes += len(request.line.encode())
        return response

    def Exchange(self, request_iterator, context):
        for request in request_iterator:
            if request.command == "echo":
                yield messages.ExchangeResponse(id=request.id, output=" ".join(request.arguments))
            else:
                yield messages.ExchangeResponse(id=request.id, error=f"there is no command {request.command!r}")


def cgroup_figure(file):
    """A file of the container's own cgroup (version 2) as a number; None where the kernel does not offer it."""
    try:
        return int(pathlib.Path("/sys/fs/cgroup", file).read_text())
    except (OSError, ValueError):
        return None


def main():
    endpoint = sys.argv[1] if len(sys.argv) > 1 else "unix-abstract:podinfo"
    # A synchronous handler holds its thread for the whole call.
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16))
    services.add_PodInfoServicer_to_server(PodInfo(), server)
    # Any process of the network namespace can reach an abstract name, and this server asks nobody who they are.
    server.add_insecure_port(endpoint)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    server.start()
    print(f"listening on {endpoint}", flush=True)
    ended.wait()
    # No new calls, and the open ones may finish.
    server.stop(grace=10).wait()


if __name__ == "__main__":
    main()
