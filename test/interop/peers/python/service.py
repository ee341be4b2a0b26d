"""grpc.testing.TestService; what metadata asks of it next to the messages is listed in ../README.md."""

import collections
import threading
from concurrent import futures

import grpc
from google.rpc import status_pb2
from grpc_status import rpc_status

from grpc.testing import messages_pb2 as messages
from grpc.testing import empty_pb2, test_pb2_grpc

ECHO_INITIAL = "x-grpc-test-echo-initial"
ECHO_TRAILING = "x-grpc-test-echo-trailing-bin"
CALL = "x-podwire-call"
AWAIT = "x-podwire-await"
DELAY = "x-podwire-delay-ms"
STATUS = "x-podwire-status-bin"


def new_server():
    # A synchronous handler holds its thread for the whole call.
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=64))
    test_pb2_grpc.add_TestServiceServicer_to_server(TestService(), server)
    return server


def payload(size):
    return messages.Payload(body=bytes(size))


class TestService(test_pb2_grpc.TestServiceServicer):
    def __init__(self):
        self._events = collections.defaultdict(threading.Event)

    def _begin(self, context):
        """Does what the metadata asks, and gives the event that is set when the call is over."""
        asked = collections.defaultdict(list)
        for key, value in context.invocation_metadata():
            asked[key].append(value)
        for event in asked[AWAIT]:
            if not self._events[event].wait(timeout=10):
                context.abort(grpc.StatusCode.NOT_FOUND, f"{event!r} did not happen")
        over = threading.Event()

        def end():
            over.set()
            for name in asked[CALL]:
                self._events[f"ended {name}"].set()

        if not context.add_callback(end):
            end()
        for name in asked[CALL]:
            self._events[f"begun {name}"].set()
        for delay in asked[DELAY]:
            over.wait(int(delay) / 1000)
        for encoded in asked[STATUS]:
            context.abort_with_status(rpc_status.to_status(status_pb2.Status.FromString(encoded)))
        context.send_initial_metadata([(ECHO_INITIAL, value) for value in asked[ECHO_INITIAL]])
        context.set_trailing_metadata([(ECHO_TRAILING, value) for value in asked[ECHO_TRAILING]])
        return over

    def EmptyCall(self, request, context):
        self._begin(context)
        return empty_pb2.Empty()

    def UnaryCall(self, request, context):
        if request.response_compressed.value:
            context.set_compression(grpc.Compression.Gzip)
        self._begin(context)
        fail(request.response_status, context)
        return messages.SimpleResponse(payload=payload(request.response_size))

    def StreamingInputCall(self, request_iterator, context):
        self._begin(context)
        size = sum(len(request.payload.body) for request in request_iterator)
        return messages.StreamingInputCallResponse(aggregated_payload_size=size)

    def StreamingOutputCall(self, request, context):
        yield from answer(request, context, self._begin(context))

    def FullDuplexCall(self, request_iterator, context):
        over = self._begin(context)
        for request in request_iterator:
            yield from answer(request, context, over)


def answer(request, context, over):
    for wanted in request.response_parameters:
        if over.wait(wanted.interval_us / 1_000_000):
            return
        yield messages.StreamingOutputCallResponse(payload=payload(wanted.size))
    fail(request.response_status, context)


def fail(wanted, context):
    if wanted.code:
        code = next(code for code in grpc.StatusCode if code.value[0] == wanted.code)
        context.abort(code, wanted.message)
