"""The cases, by name. Each raises when something is not as it must be."""

import threading
import uuid
from concurrent import futures

import grpc
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from grpc.testing import messages_pb2 as messages
from grpc.testing import empty_pb2, test_pb2_grpc
from service import AWAIT, CALL, DELAY, ECHO_INITIAL, ECHO_TRAILING, STATUS, payload

LIMIT = 30  # seconds
NEVER = 20_000_000  # microseconds: longer than any deadline here, shorter than the limit


def expect(what, got, want):
    if got != want:
        raise AssertionError(f"{what}: got {got!r}, want {want!r}")


def output_request(*sizes, **fields):
    return messages.StreamingOutputCallRequest(
        response_parameters=[messages.ResponseParameters(size=size) for size in sizes], **fields
    )


def waiting_request(*first_sizes):
    request = output_request(*first_sizes)
    request.response_parameters.add(size=1, interval_us=NEVER)
    return request


def unary(stub, request, **options):
    response = stub.UnaryCall(request, timeout=LIMIT, **options)
    expect("payload", len(response.payload.body), request.response_size)


def sizes_of(responses):
    return [len(response.payload.body) for response in responses]


class Kind:
    """Starts a call of one kind that does not end by itself."""

    def __init__(self, stub):
        self._stub = stub
        self._over = threading.Event()

    def _silence(self):
        self._over.wait(LIMIT)
        yield from ()

    def start(self, kind, metadata=(), timeout=LIMIT):
        options = {"metadata": metadata, "timeout": timeout}
        if kind == "unary":
            options["metadata"] = [*metadata, (DELAY, str(NEVER // 1000))]
            return self._stub.UnaryCall.future(messages.SimpleRequest(), **options)
        if kind == "client_stream":
            return self._stub.StreamingInputCall.future(self._silence(), **options)
        if kind == "server_stream":
            return self._stub.StreamingOutputCall(waiting_request(), **options)
        return self._stub.FullDuplexCall(self._silence(), **options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._over.set()


KINDS = ("unary", "client_stream", "server_stream", "duplex")


def await_event(stub, event):
    try:
        stub.EmptyCall(empty_pb2.Empty(), timeout=5, metadata=[(AWAIT, event)])
    except grpc.RpcError as error:
        raise AssertionError(f"waiting for {event!r}: {error.code()} {error.details()}") from error


def empty_unary(stub):
    stub.EmptyCall(empty_pb2.Empty(), timeout=LIMIT)


def large_unary(stub):
    unary(stub, messages.SimpleRequest(response_size=314159, payload=payload(271828)))


def client_streaming(stub):
    requests = (messages.StreamingInputCallRequest(payload=payload(size)) for size in (27182, 8, 1828, 45904))
    expect("aggregated size", stub.StreamingInputCall(requests, timeout=LIMIT).aggregated_payload_size, 74922)


def server_streaming(stub):
    sizes = [31415, 9, 2653, 58979]
    expect("payloads", sizes_of(stub.StreamingOutputCall(output_request(*sizes), timeout=LIMIT)), sizes)


class Duplex:
    """One request, one answer, in turns."""

    def __init__(self, stub, **options):
        self._answered = threading.Semaphore(0)
        self._request = None
        self.call = stub.FullDuplexCall(self._requests(), timeout=LIMIT, **options)

    def _requests(self):
        while self._answered.acquire(timeout=LIMIT) and self._request is not None:
            yield self._request

    def send(self, request):
        self._request = request
        self._answered.release()

    def exchange(self, request_size, response_size):
        self.send(output_request(response_size, payload=payload(request_size)))
        expect("payload", len(next(self.call).payload.body), response_size)

    def finish(self):
        self.send(None)
        expect("end", list(self.call), [])


def ping_pong(stub):
    duplex = Duplex(stub)
    for sizes in ((27182, 31415), (8, 9), (1828, 2653), (45904, 58979)):
        duplex.exchange(*sizes)
    duplex.finish()


def empty_stream(stub):
    expect("responses", list(stub.FullDuplexCall(iter(()), timeout=LIMIT)), [])


def has_begun(stub, name):
    try:
        await_event(stub, f"begun {name}")
    except AssertionError:
        return False
    return True


def timeout(stub):
    for kind in KINDS:
        # On a busy machine the time may be over before the server has heard of the call: then the next one is tried.
        for limit in (0.1, 1, 5):
            with Kind(stub) as calls:
                name = uuid.uuid4().hex
                call = calls.start(kind, [(CALL, name)], timeout=limit)
                expect(kind, call.code(), grpc.StatusCode.DEADLINE_EXCEEDED)
                if limit < 5 and not has_begun(stub, name):
                    continue
                await_event(stub, f"ended {name}")
                break


def cancel_after_begin(stub):
    for kind in KINDS:
        with Kind(stub) as calls:
            name = uuid.uuid4().hex
            call = calls.start(kind, [(CALL, name)])
            await_event(stub, f"begun {name}")
            call.cancel()
            expect(kind, call.code(), grpc.StatusCode.CANCELLED)
            await_event(stub, f"ended {name}")


def cancel_after_first_response(stub):
    name = uuid.uuid4().hex
    output = stub.StreamingOutputCall(waiting_request(31415), timeout=LIMIT, metadata=[(CALL, name)])
    expect("first", len(next(output).payload.body), 31415)
    output.cancel()
    expect("server_stream", output.code(), grpc.StatusCode.CANCELLED)
    await_event(stub, f"ended {name}")

    name = uuid.uuid4().hex
    duplex = Duplex(stub, metadata=[(CALL, name)])
    duplex.exchange(27182, 31415)
    duplex.call.cancel()
    expect("duplex", duplex.call.code(), grpc.StatusCode.CANCELLED)
    duplex.send(None)
    await_event(stub, f"ended {name}")


def custom_metadata(stub):
    initial = ["test_initial_metadata_value", "a second one"]
    trailing = [b"\xab\xab\xab", b"\x00\xff,\n"]
    metadata = [(ECHO_INITIAL, value) for value in initial] + [(ECHO_TRAILING, value) for value in trailing]

    def check(kind, call):
        # RFC 9110 5.3: a list may arrive as several fields or as one, joined with a comma.
        got = ",".join(value for key, value in call.initial_metadata() if key == ECHO_INITIAL).replace(", ", ",")
        expect(f"{kind} header", got, ",".join(initial))
        got = [value for key, value in call.trailing_metadata() if key == ECHO_TRAILING]
        expect(f"{kind} trailer", got, trailing)

    options = {"metadata": metadata, "timeout": LIMIT}
    _, call = stub.UnaryCall.with_call(messages.SimpleRequest(response_size=1), **options)
    check("unary", call)
    _, call = stub.StreamingInputCall.with_call(iter(()), **options)
    check("client_stream", call)
    call = stub.StreamingOutputCall(output_request(1), **options)
    expect("server_stream", sizes_of(call), [1])
    check("server_stream", call)
    duplex = Duplex(stub, metadata=metadata)
    duplex.exchange(1, 1)
    duplex.finish()
    check("duplex", duplex.call)


def fail_with(stub, code, message):
    """Asks for a status from each method whose request can carry one."""
    wanted = messages.EchoStatus(code=code.value[0], message=message)
    calls = {
        "unary": stub.UnaryCall.future(messages.SimpleRequest(response_status=wanted), timeout=LIMIT),
        "server_stream": stub.StreamingOutputCall(output_request(1, response_status=wanted), timeout=LIMIT),
        "duplex": stub.FullDuplexCall(iter([output_request(response_status=wanted)]), timeout=LIMIT),
    }
    for kind, call in calls.items():
        if kind != "unary":
            try:
                list(call)
            except grpc.RpcError:
                pass
        expect(kind, (call.code(), call.details()), (code, message))


def status_code_and_message(stub):
    fail_with(stub, grpc.StatusCode.UNKNOWN, "test status message")


def special_status_message(stub):
    fail_with(
        stub,
        grpc.StatusCode.UNKNOWN,
        "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈 and 100 %\t\n",
    )


def expect_unimplemented(call):
    try:
        call(empty_pb2.Empty(), timeout=LIMIT)
    except grpc.RpcError as error:
        expect("code", error.code(), grpc.StatusCode.UNIMPLEMENTED)
    else:
        raise AssertionError("the call succeeded")


def unimplemented_method(stub):
    expect_unimplemented(stub.UnimplementedCall)


def unimplemented_service(stub):
    expect_unimplemented(stub.unimplemented_service.UnimplementedCall)


def error_details(stub):
    detail = any_pb2.Any()
    detail.Pack(error_details_pb2.ErrorInfo(reason="VOLUME_BUSY", domain="podwire.test", metadata={"volume": "ü 1"}))
    failure = status_pb2.Status(code=code_pb2.FAILED_PRECONDITION, message="the volume is busy", details=[detail])
    metadata = [(STATUS, failure.SerializeToString())]
    with Kind(stub) as calls:
        for kind in KINDS:
            if kind == "unary":
                call = stub.UnaryCall.future(messages.SimpleRequest(), metadata=metadata, timeout=LIMIT)
            else:
                call = calls.start(kind, metadata)
            expect(kind, call.code(), grpc.StatusCode.FAILED_PRECONDITION)
            expect(kind, rpc_status.from_call(call), failure)


def gzip(stub):
    yes, no = messages.BoolValue(value=True), messages.BoolValue()
    request = messages.SimpleRequest(response_size=314159, payload=payload(271828))
    request.expect_compressed.value = request.response_compressed.value = True
    unary(stub, request, compression=grpc.Compression.Gzip)
    request.expect_compressed.CopyFrom(no)
    request.response_compressed.CopyFrom(no)
    unary(stub, request, compression=grpc.Compression.NoCompression)
    requests = [messages.StreamingInputCallRequest(payload=payload(27182), expect_compressed=yes)] * 3
    answer = stub.StreamingInputCall(iter(requests), timeout=LIMIT, compression=grpc.Compression.Gzip)
    expect("aggregated size", answer.aggregated_payload_size, 3 * 27182)
    duplex = Duplex(stub, compression=grpc.Compression.Gzip)
    duplex.exchange(27182, 31415)
    duplex.exchange(8, 9)
    duplex.finish()


def large_message(stub):
    size = 3 << 20
    unary(stub, messages.SimpleRequest(response_size=size, payload=payload(size)))
    duplex = Duplex(stub)
    duplex.exchange(size, size)
    duplex.exchange(size, size)
    duplex.finish()


def concurrent_calls(stub):
    count = 200
    with futures.ThreadPoolExecutor(max_workers=count) as pool:
        running = [
            pool.submit(ping_pong, stub)
            if number % 4 == 0
            else pool.submit(unary, stub, messages.SimpleRequest(response_size=1000 + number, payload=payload(100)))
            for number in range(count)
        ]
        for call in running:
            call.result()


CASES = {
    case.__name__: case
    for case in (
        empty_unary,
        large_unary,
        client_streaming,
        server_streaming,
        ping_pong,
        empty_stream,
        timeout,
        cancel_after_begin,
        cancel_after_first_response,
        custom_metadata,
        status_code_and_message,
        special_status_message,
        unimplemented_method,
        unimplemented_service,
        error_details,
        gzip,
        large_message,
        concurrent_calls,
    )
}
NAMES = list(CASES)


def run(name, channel):
    stub = test_pb2_grpc.TestServiceStub(channel)
    stub.unimplemented_service = test_pb2_grpc.UnimplementedServiceStub(channel)
    CASES[name](stub)
