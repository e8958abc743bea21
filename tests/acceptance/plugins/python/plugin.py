"""A Prism plugin without Prism's SDK: written from docs/writing-a-plugin.md, "In another language", and proto/ alone.

Usage: plugin.py MODULES [--silent], started by the proxy. MODULES is the folder of the modules that protoc generated from
proto/ and acme/. --silent: it reports its health once and never again.
"""

import asyncio
import json
import os
import secrets
import sys
import threading
import uuid
from dataclasses import dataclass
from urllib.parse import unquote

import grpc

sys.path.insert(0, sys.argv[1])

from acme.echo.v1 import echo_pb2 as echo
from acme.echo.v1 import echo_pb2_grpc as echo_grpc
from google.protobuf import descriptor_pb2
from google.rpc import error_details_pb2, status_pb2
from prism.keyvalue.v1 import keyvalue_pb2 as kv
from prism.keyvalue.v1 import keyvalue_pb2_grpc as kv_grpc
from prism.plugin.v1 import plugin_pb2 as plugin
from prism.plugin.v1 import plugin_pb2_grpc as plugin_grpc

NAME = "foreign"
VERSION = "1.0.0"
PATTERN = "key-value"
ECHO = echo.DESCRIPTOR.services_by_name["EchoService"].full_name

# A read of this key is never answered; it ends when its caller gives up.
HELD_KEY = "held"

# Calls whose end is remembered; the oldest are forgotten first.
REMEMBERED_CALLS_MAX = 1_000

# How long the answer to Drain may take to leave the process.
LAST_ANSWER_S = 1

# What pino calls info.
LEVEL_INFO = 30


def log(message: str, **fields) -> None:
    print(json.dumps({"level": LEVEL_INFO, "msg": message, **fields}), file=sys.stderr, flush=True)


def metadata_of(context, name: str) -> str | None:
    return next((value for key, value in context.invocation_metadata() if key == name), None)


async def fail(context, code: grpc.StatusCode, reason: str, message: str) -> None:
    """Ends the call as docs/errors.md says: a status with one ErrorInfo."""
    status = status_pb2.Status(code=code.value[0], message=message)
    status.details.add().Pack(error_details_pb2.ErrorInfo(reason=reason, domain="prism.dev"))
    await context.abort(code, message, (("grpc-status-details-bin", status.SerializeToString()),))


@dataclass
class Call:
    timeout_seconds: float | None
    state: echo.CallState = echo.CALL_STATE_RUNNING


class Calls:
    """The calls of apps: those in flight, and what became of others."""

    def __init__(self) -> None:
        self.in_flight: set[asyncio.Task] = set()
        self.draining = False
        self.remembered: dict[str, Call] = {}

    async def begin(self, context) -> None:
        """Counts the call that runs in this task until the task is done; refuses it while draining."""
        if self.draining:
            await fail(context, grpc.StatusCode.UNAVAILABLE, "DRAINING", "The plugin is draining.")
        call = Call(context.time_remaining())
        self.remembered[metadata_of(context, "prism-request-id") or str(uuid.uuid4())] = call
        if len(self.remembered) > REMEMBERED_CALLS_MAX:
            del self.remembered[next(iter(self.remembered))]
        task = asyncio.current_task()
        self.in_flight.add(task)
        task.add_done_callback(lambda ended: self.ended(call, ended))

    def ended(self, call: Call, task: asyncio.Task) -> None:
        call.state = echo.CALL_STATE_ENDED
        self.in_flight.discard(task)

    async def drain(self, grace_s: float) -> tuple[int, int]:
        self.draining = True
        if not self.in_flight:
            return 0, 0
        completed, late = await asyncio.wait(self.in_flight, timeout=grace_s)
        for task in late:
            task.cancel()
        return len(completed), len(late)


class Namespace:
    def __init__(self) -> None:
        # By key: etag and value.
        self.entries: dict[str, tuple[str, bytes]] = {}
        # By key, also of keys that were deleted: the last write's token and the etag that it was answered with.
        self.tokens: dict[str, tuple[tuple[int, bytes], str]] = {}


class Namespaces:
    """The bound namespaces, each with its data."""

    def __init__(self) -> None:
        self.bound: dict[str, Namespace] = {}

    async def of(self, request, context) -> Namespace:
        namespace = unquote(metadata_of(context, "prism-namespace") or "")
        if request.namespace != namespace:
            text = f"The message names {request.namespace!r}, the call {namespace!r}."
            await fail(context, grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD", text)
        if namespace not in self.bound:
            text = f"The namespace {namespace!r} is not bound here."
            await fail(context, grpc.StatusCode.NOT_FOUND, "NAMESPACE_NOT_FOUND", text)
        return self.bound[namespace]


class PluginService(plugin_grpc.PluginServiceServicer):
    def __init__(self, calls: Calls, namespaces: Namespaces, stop, silent: bool) -> None:
        self.calls = calls
        self.namespaces = namespaces
        self.stop = stop
        self.silent = silent

    async def Describe(self, request, context):
        files = descriptor_pb2.FileDescriptorSet()
        files.file.add().ParseFromString(echo.DESCRIPTOR.serialized_pb)
        return plugin.DescribeResponse(
            name=NAME,
            version=VERSION,
            patterns=[plugin.PatternDescription(pattern=PATTERN)],
            durability=plugin.DURABILITY_EPHEMERAL,
            settings_schema=json.dumps({"type": "object", "additionalProperties": False}),
            services=[ECHO],
            file_descriptor_set=files.SerializeToString(),
        )

    async def Configure(self, request, context):
        if request.settings.fields:
            await fail(context, grpc.StatusCode.FAILED_PRECONDITION, "INVALID_SETTINGS", "There are no settings.")
        log("configured", backend_name=request.backend)
        return plugin.ConfigureResponse()

    async def Bind(self, request, context):
        if request.pattern != PATTERN or request.needs:
            text = f"There is no {request.pattern} with {list(request.needs)} here."
            await fail(context, grpc.StatusCode.UNIMPLEMENTED, "CAPABILITY_MISSING", text)
        if not request.plan_only:
            self.namespaces.bound.setdefault(request.namespace, Namespace())
        return plugin.BindResponse()

    async def Unbind(self, request, context):
        # Nothing outlives a binding: the data is in this process alone.
        self.namespaces.bound.pop(request.namespace, None)
        return plugin.UnbindResponse()

    async def Health(self, request, context):
        interval_s = request.interval.ToMilliseconds() / 1_000 or 2
        while True:
            yield plugin.HealthResponse(backend=plugin.BACKEND_HEALTH_REACHABLE)
            if self.silent:
                await asyncio.Event().wait()
            # Half of what is allowed: a report that is a little late is still in time.
            await asyncio.sleep(interval_s / 2)

    async def Metrics(self, request, context):
        keys = sum(len(namespace.entries) for namespace in self.namespaces.bound.values())
        families = [
            ("acme_keys", "Keys that are stored.", {"store": "memory"}, keys),
            ("acme_calls_in_flight", "Calls of apps that are not answered yet.", {}, len(self.calls.in_flight)),
        ]
        return plugin.MetricsResponse(
            families=[
                plugin.MetricFamily(
                    name=name,
                    help=text,
                    kind=plugin.METRIC_KIND_GAUGE,
                    samples=[plugin.MetricSample(labels=labels, value=value)],
                )
                for name, text, labels, value in families
            ]
        )

    async def Drain(self, request, context):
        grace_s = request.grace.ToMilliseconds() / 1_000 if request.HasField("grace") else 5
        completed, aborted = await self.calls.drain(grace_s)
        self.stop()
        return plugin.DrainResponse(completed=completed, aborted=aborted)


class KeyValueService(kv_grpc.KeyValueServiceServicer):
    """Key-value with no capability. The methods of capabilities are UNIMPLEMENTED by the class above."""

    def __init__(self, calls: Calls, namespaces: Namespaces) -> None:
        self.calls = calls
        self.namespaces = namespaces

    async def Get(self, request, context):
        await self.calls.begin(context)
        entries = (await self.namespaces.of(request, context)).entries
        if request.key == HELD_KEY:
            await asyncio.Event().wait()
        if request.key not in entries:
            return kv.GetResponse()
        etag, value = entries[request.key]
        return kv.GetResponse(found=True, etag=etag, value=value)

    async def Set(self, request, context):
        await self.calls.begin(context)
        namespace = await self.namespaces.of(request, context)
        if request.HasField("ttl") or request.HasField("condition"):
            text = "Neither times to live nor conditions are kept here."
            await fail(context, grpc.StatusCode.UNIMPLEMENTED, "CAPABILITY_MISSING", text)
        etag = str(uuid.uuid4())
        if request.HasField("idempotency_token"):
            token = request.idempotency_token.time.ToNanoseconds(), request.idempotency_token.nonce
            last, last_etag = namespace.tokens.get(request.key, (None, ""))
            if last == token:
                return kv.SetResponse(etag=last_etag)
            if last is not None and token < last:
                await fail(context, grpc.StatusCode.ABORTED, "IDEMPOTENCY_TOKEN_STALE", "A newer write came first.")
            namespace.tokens[request.key] = token, etag
        namespace.entries[request.key] = etag, request.value
        return kv.SetResponse(etag=etag)

    async def Delete(self, request, context):
        await self.calls.begin(context)
        entries = (await self.namespaces.of(request, context)).entries
        if request.HasField("if_etag"):
            text = "Conditions are not kept here."
            await fail(context, grpc.StatusCode.UNIMPLEMENTED, "CAPABILITY_MISSING", text)
        return kv.DeleteResponse(existed=entries.pop(request.key, None) is not None)

    async def Exists(self, request, context):
        await self.calls.begin(context)
        return kv.ExistsResponse(exists=request.key in (await self.namespaces.of(request, context)).entries)


class EchoService(echo_grpc.EchoServiceServicer):
    def __init__(self, calls: Calls) -> None:
        self.calls = calls

    async def Echo(self, request, context):
        await self.calls.begin(context)
        echoed = [(key, value) for key, value in context.invocation_metadata() if key.startswith("acme-")]
        await context.send_initial_metadata(echoed)
        context.set_trailing_metadata(echoed)
        return echo.EchoResponse(text=request.text)

    async def Chat(self, requests, context):
        await self.calls.begin(context)
        async for request in requests:
            yield echo.ChatResponse(text=request.text)

    async def Hold(self, request, context):
        await self.calls.begin(context)
        await asyncio.Event().wait()

    async def FindCall(self, request, context):
        call = self.calls.remembered.get(request.request_id)
        if call is None:
            return echo.FindCallResponse()
        return echo.FindCallResponse(state=call.state, timeout_seconds=call.timeout_seconds)


class TokenCheck(grpc.aio.ServerInterceptor):
    """Refuses every call without the handshake's token."""

    def __init__(self, token: str) -> None:
        self.expected = f"Bearer {token}"

        async def refuse(request, context):
            text = "The call does not carry the token of this process."
            await fail(context, grpc.StatusCode.UNAUTHENTICATED, "UNAUTHENTICATED", text)

        self.refusal = grpc.unary_unary_rpc_method_handler(refuse)

    async def intercept_service(self, continuation, details):
        given = dict(details.invocation_metadata).get("authorization", "")
        if not secrets.compare_digest(given, self.expected):
            return self.refusal
        return await continuation(details)


def exit_when_the_proxy_is_gone() -> None:
    # Not sys.stdin: Python would wait for its lock when it ends for another reason.
    while os.read(0, 1):
        pass
    os._exit(0)


async def serve(socket: str, silent: bool) -> None:
    token = secrets.token_urlsafe(32)
    server = grpc.aio.server(interceptors=[TokenCheck(token)])
    # Kept here: the event loop alone does not keep a task alive.
    stopping = set()
    stop = lambda: stopping.add(asyncio.create_task(server.stop(LAST_ANSWER_S)))
    calls, namespaces = Calls(), Namespaces()
    plugin_grpc.add_PluginServiceServicer_to_server(PluginService(calls, namespaces, stop, silent), server)
    kv_grpc.add_KeyValueServiceServicer_to_server(KeyValueService(calls, namespaces), server)
    echo_grpc.add_EchoServiceServicer_to_server(EchoService(calls), server)
    server.add_insecure_port(f"unix:{socket}")
    await server.start()
    os.chmod(socket, 0o600)
    handshake = {"contract": {"min": 1, "max": 1}, "pid": os.getpid(), "socket": socket, "name": NAME, "version": VERSION}
    print(json.dumps({"prism_handshake": 1, **handshake, "token": token}), flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    threading.Thread(target=exit_when_the_proxy_is_gone, daemon=True).start()
    asyncio.run(serve(os.environ["PRISM_PLUGIN_SOCKET"], silent="--silent" in sys.argv[2:]))
