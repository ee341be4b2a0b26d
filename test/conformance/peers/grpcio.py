"""grpcio with the cases of grpc's interop-test-descriptions.md; what test/interop has of them is taken from there."""

import argparse
import json
import pathlib
import signal
import sys
import threading
import traceback
from concurrent import futures

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "interop/peers/python"))

import grpc

from grpc.testing import messages_pb2 as messages
from grpc.testing import test_pb2_grpc
from cases import (
    LIMIT,
    Duplex,
    client_streaming,
    empty_stream,
    empty_unary,
    expect,
    large_unary,
    ping_pong,
    server_streaming,
    sizes_of,
    unary,
    unimplemented_method,
    unimplemented_service,
)
from service import ECHO_INITIAL, ECHO_TRAILING, TestService, payload

SOAK_ITERATIONS = 50


class CompressingService(TestService):
    def StreamingOutputCall(self, request, context):
        if not any(wanted.HasField("compressed") for wanted in request.response_parameters):
            yield from super().StreamingOutputCall(request, context)
            return
        context.set_compression(grpc.Compression.Gzip)
        for wanted in request.response_parameters:
            if not wanted.compressed.value:
                context.disable_next_message_compression()
            yield messages.StreamingOutputCallResponse(payload=payload(wanted.size))


def large_request(**fields):
    return messages.SimpleRequest(response_size=314159, payload=payload(271828), **fields)


def timeout_on_sleeping_server(stub, _connect):
    over = threading.Event()

    def requests():
        yield messages.StreamingOutputCallRequest(payload=payload(27182))
        over.wait(LIMIT)

    call = stub.FullDuplexCall(requests(), timeout=0.001)
    expect("code", call.code(), grpc.StatusCode.DEADLINE_EXCEEDED)
    over.set()


def cancel_after_begin(stub, _connect):
    over = threading.Event()

    def silence():
        over.wait(LIMIT)
        yield from ()

    call = stub.StreamingInputCall.future(silence())
    call.cancel()
    expect("cancelled", call.cancelled(), True)
    expect("code", call.code(), grpc.StatusCode.CANCELLED)
    over.set()


def cancel_after_first_response(stub, _connect):
    duplex = Duplex(stub)
    duplex.exchange(27182, 31415)
    duplex.call.cancel()
    expect("code", duplex.call.code(), grpc.StatusCode.CANCELLED)
    duplex.send(None)


def custom_metadata(stub, _connect):
    initial = (ECHO_INITIAL, "test_initial_metadata_value")
    trailing = (ECHO_TRAILING, b"\xab\xab\xab")
    options = {"metadata": [initial, trailing]}

    def check(call):
        expect("header", [pair for pair in call.initial_metadata() if pair[0] == ECHO_INITIAL], [initial])
        expect("trailer", [pair for pair in call.trailing_metadata() if pair[0] == ECHO_TRAILING], [trailing])

    _, call = stub.UnaryCall.with_call(large_request(), timeout=LIMIT, **options)
    check(call)
    duplex = Duplex(stub, **options)
    duplex.exchange(271828, 314159)
    duplex.finish()
    check(duplex.call)


def expect_status(call, message):
    expect("status", (call.code(), call.details()), (grpc.StatusCode.UNKNOWN, message))


def status_code_and_message(stub, _connect):
    message = "test status message"
    wanted = messages.EchoStatus(code=grpc.StatusCode.UNKNOWN.value[0], message=message)
    expect_status(stub.UnaryCall.future(messages.SimpleRequest(response_status=wanted), timeout=LIMIT), message)
    request = messages.StreamingOutputCallRequest(response_status=wanted)
    expect_status(stub.FullDuplexCall(iter([request]), timeout=LIMIT), message)


def special_status_message(stub, _connect):
    message = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"
    wanted = messages.EchoStatus(code=grpc.StatusCode.UNKNOWN.value[0], message=message)
    expect_status(stub.UnaryCall.future(messages.SimpleRequest(response_status=wanted), timeout=LIMIT), message)


def rpc_soak(stub, _connect):
    for _ in range(SOAK_ITERATIONS):
        large_unary(stub)


def channel_soak(_stub, connect):
    for _ in range(SOAK_ITERATIONS):
        with connect() as channel:
            large_unary(test_pb2_grpc.TestServiceStub(channel))


# How the messages were sent is seen on the wire, see `compressionOf` in interop-matrix.ts.


def client_compressed_unary(stub, _connect):
    for value, compression in ((True, grpc.Compression.Gzip), (False, grpc.Compression.NoCompression)):
        request = large_request(expect_compressed=messages.BoolValue(value=value))
        unary(stub, request, compression=compression)


def server_compressed_unary(stub, _connect):
    for value in (True, False):
        unary(stub, large_request(response_compressed=messages.BoolValue(value=value)))


def server_compressed_streaming(stub, _connect):
    request = messages.StreamingOutputCallRequest()
    for size, value in ((31415, True), (92653, False)):
        request.response_parameters.add(size=size, compressed=messages.BoolValue(value=value))
    expect("payloads", sizes_of(stub.StreamingOutputCall(request, timeout=LIMIT)), [31415, 92653])


SHARED = (
    empty_unary,
    large_unary,
    client_streaming,
    server_streaming,
    ping_pong,
    empty_stream,
    unimplemented_method,
    unimplemented_service,
)
OWN = (
    timeout_on_sleeping_server,
    cancel_after_begin,
    cancel_after_first_response,
    custom_metadata,
    status_code_and_message,
    special_status_message,
    rpc_soak,
    channel_soak,
    client_compressed_unary,
    server_compressed_unary,
    server_compressed_streaming,
)
CASES = {case.__name__: (lambda stub, _connect, case=case: case(stub)) for case in SHARED}
CASES |= {case.__name__: case for case in OWN}


def serve(endpoint):
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16))
    test_pb2_grpc.add_TestServiceServicer_to_server(CompressingService(), server)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    server.add_insecure_port(endpoint)
    server.start()
    print("listening", flush=True)
    ended.wait()
    server.stop(0)


def run(endpoint, names):
    def connect():
        # Channels with the same arguments would share one connection.
        return grpc.insecure_channel(endpoint, options=[("grpc.use_local_subchannel_pool", 1)])

    with connect() as channel:
        stub = test_pb2_grpc.TestServiceStub(channel)
        stub.unimplemented_service = test_pb2_grpc.UnimplementedServiceStub(channel)
        for name in names:
            line = {"case": name, "ok": True}
            try:
                CASES[name](stub, connect)
            except Exception:  # pylint: disable=broad-except; whatever went wrong is this case's result
                line |= {"ok": False, "error": traceback.format_exc()}
            print(json.dumps(line), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=["server", "client"])
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--case", default="")
    arguments = parser.parse_args()
    if arguments.command == "server":
        serve(arguments.endpoint)
    else:
        run(arguments.endpoint, arguments.case.split(","))


main()
