"""Speaks to a Prism proxy as an app written in Python would: grpcio, with stubs generated from proto/.

Usage: client.py ADDRESS NAMESPACE, with the generated modules on PYTHONPATH. Prints one line per step that holds;
the first that does not ends it with status 1.
"""

import sys
import time
from dataclasses import dataclass

import grpc
from google.rpc import error_details_pb2, status_pb2
from prism.keyvalue.v1 import keyvalue_pb2 as kv
from prism.keyvalue.v1 import keyvalue_pb2_grpc as kv_grpc

# No step takes longer on a machine that is not stuck.
STEP_TIMEOUT_S = 10


class StepFailed(Exception):
    """What a step saw is not what it must see."""


def expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise StepFailed(otherwise)


def expect_failure(call, code: grpc.StatusCode, reason: str) -> status_pb2.Status:
    """Runs the call, expects it to fail with the code and the reason, and returns the whole status."""
    try:
        call()
    except grpc.RpcError as error:
        expect(error.code() is code, f"expected {code}, got {error.code()}: {error.details()}")
        trailers = dict(error.trailing_metadata())
        status = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])
        causes = messages_of(status, error_details_pb2.ErrorInfo)
        got = [(cause.reason, cause.domain) for cause in causes]
        expect(got == [(reason, "prism.dev")], f"expected the reason {reason}, got {got}")
        return status
    raise StepFailed(f"expected {code}, but the call succeeded")


def messages_of(status: status_pb2.Status, kind):
    """The details of this kind."""
    found = []
    for detail in status.details:
        message = kind()
        if detail.Unpack(message):
            found.append(message)
    return found


@dataclass
class Steps:
    stub: kv_grpc.KeyValueServiceStub
    namespace: str

    def set(self, key: str, value: bytes, **more) -> str:
        request = kv.SetRequest(namespace=self.namespace, key=key, value=value, **more)
        return self.stub.Set(request, timeout=STEP_TIMEOUT_S).etag

    def get(self, key: str) -> kv.GetResponse:
        return self.stub.Get(kv.GetRequest(namespace=self.namespace, key=key), timeout=STEP_TIMEOUT_S)

    def set_and_get(self) -> None:
        every_byte = bytes(range(256))
        self.set("python/every-byte", every_byte)
        expect(self.get("python/every-byte").value == every_byte, "not the bytes that were set")
        expect(not self.get("python/missing").found, "a key that was never set was found")

    def large_value(self) -> None:
        large = b"0123456789abcdef" * (2 * 1024 * 1024 // 16)
        self.set("python/large", large)
        expect(self.get("python/large").value == large, "not the 2 MiB that were set")

    def compare_and_set(self) -> None:
        first = self.set("python/cas", b"1")
        self.set("python/cas", b"2", if_etag=first)
        late = lambda: self.set("python/cas", b"3", if_etag=first)
        expect_failure(late, grpc.StatusCode.ABORTED, "ETAG_MISMATCH")
        again = lambda: self.set("python/cas", b"3", if_absent=True)
        expect_failure(again, grpc.StatusCode.ALREADY_EXISTS, "KEY_EXISTS")
        expect(self.get("python/cas").value == b"2", "a refused write changed the value")

    def idempotency_token(self) -> None:
        now_us = time.time_ns() // 1000
        token = {
            "time": {"seconds": now_us // 1_000_000, "nanos": now_us % 1_000_000 * 1000},
            "nonce": b"0123456789abcdef",
        }
        first = self.set("python/token", b"once", idempotency_token=token)
        second = self.set("python/token", b"once", idempotency_token=token)
        expect(first == second, f"the same token gave two answers: {first} and {second}")

    def scan(self) -> None:
        expected = [f"python/scan/{i:02}" for i in range(25)]
        for key in expected:
            self.set(key, b"v")
        request = kv.ScanRequest(namespace=self.namespace, prefix="python/scan/", limit=10)
        keys = []
        for _ in range(25):
            page = self.stub.Scan(request, timeout=STEP_TIMEOUT_S)
            keys += [entry.key for entry in page.entries]
            if not page.next_page_token:
                break
            request.page_token = page.next_page_token
        expect(keys == expected, f"not the 25 keys in order: {keys}")

    def watch(self) -> None:
        request = kv.WatchRequest(namespace=self.namespace, prefix="python/watch/")
        events = self.stub.Watch(request, timeout=STEP_TIMEOUT_S)
        expect(next(events).WhichOneof("event") == "started", "the first event is not started")
        self.set("python/watch/a", b"1")
        change = next(events).change
        expect((change.kind, change.key, change.value) == (kv.CHANGE_KIND_SET, "python/watch/a", b"1"), f"got {change}")
        events.cancel()

    def deadline(self) -> None:
        """A watch on which nothing changes lasts until its deadline."""
        timeout_s = 0.3
        begin = time.monotonic()
        try:
            for _ in self.stub.Watch(kv.WatchRequest(namespace=self.namespace, prefix="python/quiet/"), timeout=timeout_s):
                pass
        except grpc.RpcError as error:
            expect(error.code() is grpc.StatusCode.DEADLINE_EXCEEDED, f"got {error.code()}: {error.details()}")
        else:
            raise StepFailed("the watch ended without a failure")
        took_s = time.monotonic() - begin
        expect(timeout_s - 0.05 < took_s < timeout_s + 1, f"a deadline of {timeout_s} s was kept after {took_s:.3f} s")

    def error_details(self) -> None:
        lost = lambda: self.stub.Get(kv.GetRequest(namespace="no-such-namespace", key="k"), timeout=STEP_TIMEOUT_S)
        expect_failure(lost, grpc.StatusCode.NOT_FOUND, "NAMESPACE_NOT_FOUND")
        status = expect_failure(lambda: self.get(""), grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
        bad = messages_of(status, error_details_pb2.BadRequest)
        fields = [violation.field for request in bad for violation in request.field_violations]
        expect(fields == ["key"], f"no BadRequest for the field key: {status}")


def run(address: str, namespace: str) -> None:
    with grpc.insecure_channel(address, options=[("grpc.max_receive_message_length", 8 * 1024 * 1024)]) as channel:
        steps = Steps(kv_grpc.KeyValueServiceStub(channel), namespace)
        for name, step in [
            ("set and get", steps.set_and_get),
            ("a value of 2 MiB", steps.large_value),
            ("compare and set", steps.compare_and_set),
            ("idempotency token", steps.idempotency_token),
            ("scan", steps.scan),
            ("watch", steps.watch),
            ("deadline", steps.deadline),
            ("error details", steps.error_details),
        ]:
            try:
                step()
            except (StepFailed, grpc.RpcError) as error:
                sys.exit(f"{name}: {error}")
            print(name, flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        print("usage: client.py ADDRESS NAMESPACE", file=sys.stderr)
        sys.exit(2)
    run(sys.argv[1], sys.argv[2])
