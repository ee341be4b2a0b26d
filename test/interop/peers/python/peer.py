"""The Python peer: `server --endpoint E` or `client --endpoint E --case NAME[,NAME...]`."""

import argparse
import json
import signal
import sys
import threading
import time

import grpc

import cases
import service


def serve(endpoint):
    server = service.new_server()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    # C-core names endpoints as we do: both spellings go in as they are.
    server.add_insecure_port(endpoint)
    server.start()
    print("listening", flush=True)
    ended.wait()
    server.stop(0)


def run(endpoint, names):
    failed = False
    with grpc.insecure_channel(endpoint) as channel:
        for name in names:
            start = time.monotonic()
            line = {"case": name, "ok": True}
            try:
                cases.run(name, channel)
            except Exception as error:  # pylint: disable=broad-except; whatever went wrong is this case's result
                failed = True
                line |= {"ok": False, "error": f"{type(error).__name__}: {error}"}
            line["ms"] = round((time.monotonic() - start) * 1000, 3)
            print(json.dumps(line), flush=True)
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=["server", "client"])
    parser.add_argument("--endpoint", required=True, help="unix:///path or unix-abstract:name")
    parser.add_argument("--case", default="all", help="names, separated by commas")
    arguments = parser.parse_args()
    if arguments.command == "server":
        serve(arguments.endpoint)
        return 0
    return run(arguments.endpoint, cases.NAMES if arguments.case == "all" else arguments.case.split(","))


if __name__ == "__main__":
    sys.exit(main())
