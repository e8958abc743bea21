"""Calls grpc.testing.TestService as an app written in Python would: grpcio, with stubs from test_service.proto.

Usage: test_service_client.py ADDRESS CASE, with the generated modules on PYTHONPATH; see real-clients.test.ts. Exits 0 when
the case passes.
"""

import queue
import sys
import time

import grpc
import test_service_pb2 as testing
from test_service_pb2_grpc import TestServiceStub

# The default limit of a message, less what stands around the payload.
LARGE = 4 * 1024 * 1024 - 64
SIZES = [31_415, 9, 2_653, 58_979]
KEEPALIVE_INTERVAL_MS = 100
# Many intervals.
SILENCE_S = 1.5
DEADLINE_S = 0.3
CALL_TIMEOUT_S = 20
# Several ages of the test's connections.
LONG_LIFE_S = 3


def expect(what: str, seen, expected) -> None:
    if seen != expected:
        sys.exit(f"{what}: {seen!r}, expected {expected!r}")


def payload(size: int) -> testing.Payload:
    return testing.Payload(body=bytes(size))


def output(*sizes: int) -> testing.StreamingOutputCallRequest:
    return testing.StreamingOutputCallRequest(
        response_parameters=[testing.ResponseParameters(size=size) for size in sizes]
    )


class Requests:
    """What is asked on a call, as it comes to mind."""

    def __init__(self) -> None:
        self.queue = queue.SimpleQueue()

    def __iter__(self):
        return iter(self.queue.get, None)

    def ask(self, request: testing.StreamingOutputCallRequest) -> None:
        self.queue.put(request)

    def end(self) -> None:
        self.queue.put(None)


def unary(stub: TestServiceStub, size: int = 1_000) -> None:
    answer = stub.UnaryCall(testing.SimpleRequest(response_size=size, payload=payload(size)), timeout=CALL_TIMEOUT_S)
    expect("size of the answer", len(answer.payload.body), size)


def large_messages(stub: TestServiceStub) -> None:
    unary(stub, LARGE)


def server_streaming(stub: TestServiceStub) -> None:
    answers = stub.StreamingOutputCall(output(*SIZES), timeout=CALL_TIMEOUT_S)
    expect("sizes of the answers", [len(answer.payload.body) for answer in answers], SIZES)


def client_streaming(stub: TestServiceStub) -> None:
    requests = (testing.StreamingInputCallRequest(payload=payload(size)) for size in SIZES)
    answer = stub.StreamingInputCall(requests, timeout=CALL_TIMEOUT_S)
    expect("sum of the sizes", answer.aggregated_payload_size, sum(SIZES))


def bidi_streaming(stub: TestServiceStub) -> None:
    requests = Requests()
    answers = stub.FullDuplexCall(iter(requests), timeout=CALL_TIMEOUT_S)
    for size in SIZES:
        requests.ask(output(size))
        expect("size of an answer", len(next(answers).payload.body), size)
    requests.end()
    expect("answers after the last", list(answers), [])


def deadline(stub: TestServiceStub) -> None:
    requests = Requests()
    started = time.monotonic()
    try:
        next(stub.FullDuplexCall(iter(requests), timeout=DEADLINE_S))
        sys.exit("an answer")
    except grpc.RpcError as failure:
        expect("status", failure.code(), grpc.StatusCode.DEADLINE_EXCEEDED)
    expect("in time", time.monotonic() - started >= DEADLINE_S / 2, True)
    requests.end()


def cancellation(stub: TestServiceStub) -> None:
    requests = Requests()
    answers = stub.FullDuplexCall(iter(requests), timeout=CALL_TIMEOUT_S)
    requests.ask(output(1))
    next(answers)
    answers.cancel()
    requests.end()
    expect("status", answers.code(), grpc.StatusCode.CANCELLED)
    stub.EmptyCall(testing.Empty(), timeout=CALL_TIMEOUT_S)


def binary_metadata(stub: TestServiceStub) -> None:
    initial = ("x-grpc-test-echo-initial", "text")
    trailing = ("x-grpc-test-echo-trailing-bin", bytes([0, 1, 10, 13, 127, 128, 254, 255]))
    answers = stub.FullDuplexCall(iter([output(1)]), timeout=CALL_TIMEOUT_S, metadata=[initial, trailing])
    expect("answers", len(list(answers)), 1)
    expect("header", initial in [tuple(each) for each in answers.initial_metadata()], True)
    expect("trailer", trailing in [tuple(each) for each in answers.trailing_metadata()], True)


def keepalive(stub: TestServiceStub) -> None:
    requests = Requests()
    answers = stub.FullDuplexCall(iter(requests), timeout=CALL_TIMEOUT_S)
    time.sleep(SILENCE_S)
    requests.ask(output(1))
    expect("size of the answer", len(next(answers).payload.body), 1)
    requests.end()


def connection_age(stub: TestServiceStub) -> None:
    until = time.monotonic() + LONG_LIFE_S
    while time.monotonic() < until:
        stub.EmptyCall(testing.Empty(), timeout=CALL_TIMEOUT_S)


CASES = {
    case.__name__: case
    for case in [
        unary,
        server_streaming,
        client_streaming,
        bidi_streaming,
        deadline,
        cancellation,
        binary_metadata,
        large_messages,
        keepalive,
        connection_age,
    ]
}


def main(address: str, case: str) -> None:
    options = [
        ("grpc.keepalive_time_ms", KEEPALIVE_INTERVAL_MS),
        ("grpc.http2.max_pings_without_data", 0),
    ]
    with grpc.insecure_channel(address, options) as channel:
        CASES[case](TestServiceStub(channel))


if __name__ == "__main__":
    main(*sys.argv[1:])
