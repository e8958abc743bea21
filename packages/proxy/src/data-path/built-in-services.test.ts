import { create, createFileRegistry, fromBinary, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { health, reflection } from "@prism-data/pattern-sdk/protocol";
import { type ClientCall, GrpcCode, type GrpcError } from "@prism-data/transport";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { allOf, TestBench, until } from "./test-bench.js";

const keyValue = "prism.keyvalue.v1.KeyValueService";
const { SERVING, NOT_SERVING, SERVICE_UNKNOWN } = health.HealthCheckResponse_ServingStatus;

let bench: TestBench;
beforeEach(() => {
  bench = new TestBench();
  bench.route({ demo: {} }, { "acme.echo.v1.EchoService": "own" });
});
afterEach(() => bench.close());

const healthRequest = (service: string) => health.HealthCheckRequest.encode({ service }).finish();
const isConnected = () => bench.told.some(({ type }) => type === "instance-connected");

describe("grpc.health.v1.Health", () => {
  const check = "/grpc.health.v1.Health/Check";

  async function statusOf(service: string): Promise<number> {
    const answer = await (await bench.client()).unary(check, healthRequest(service));
    return health.HealthCheckResponse.decode(answer).status;
  }

  test("Check tells whether the backends of a service are there", async () => {
    expect(await statusOf("")).toBe(SERVING);
    expect(await statusOf("grpc.health.v1.Health")).toBe(SERVING);
    expect(await statusOf(keyValue)).toBe(NOT_SERVING);
    const plugin = await bench.plugin({});
    await until(isConnected);
    expect(await statusOf(keyValue)).toBe(SERVING);
    expect(await statusOf("acme.echo.v1.EchoService")).toBe(NOT_SERVING);
    bench.gone(plugin, "crashed");
    expect(await statusOf(keyValue)).toBe(NOT_SERVING);
  });

  test("Check answers NOT_FOUND for a service that is not offered", async () => {
    const error = await statusOf("prism.plugin.v1.PluginService").catch((thrown: GrpcError) => thrown.code);
    expect(error).toBe(GrpcCode.NOT_FOUND);
  });

  test("Watch tells each change once, also of a service that comes later", async () => {
    const client = await bench.client();
    const watch = (service: string): AsyncIterator<Uint8Array> => {
      const call = client.stream("/grpc.health.v1.Health/Watch");
      call.write(healthRequest(service));
      call.end();
      return call.messages()[Symbol.asyncIterator]();
    };
    const next = async (watched: AsyncIterator<Uint8Array>) =>
      health.HealthCheckResponse.decode((await watched.next()).value).status;
    const known = watch(keyValue);
    const later = watch("acme.late.v1.LateService");
    expect(await next(known)).toBe(NOT_SERVING);
    expect(await next(later)).toBe(SERVICE_UNKNOWN);
    const plugin = await bench.plugin({});
    expect(await next(known)).toBe(SERVING);
    bench.route({ demo: {} }, { "acme.late.v1.LateService": "store" });
    expect(await next(later)).toBe(SERVING);
    bench.gone(plugin, "crashed");
    expect(await next(known)).toBe(NOT_SERVING);
    bench.send({ type: "drain", graceMs: 5_000 });
    await expect(known.next()).rejects.toMatchObject({ code: GrpcCode.UNAVAILABLE });
  });
});

describe.each(["v1", "v1alpha"])("grpc.reflection.%s.ServerReflection", (version) => {
  type Ask = NonNullable<reflection.ServerReflectionRequest["messageRequest"]>;

  async function ask(...questions: Ask[]): Promise<reflection.ServerReflectionResponse["messageResponse"][]> {
    const call: ClientCall = (await bench.client()).stream(
      `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
    );
    for (const messageRequest of questions) {
      call.write(reflection.ServerReflectionRequest.encode({ host: "h", messageRequest }).finish());
    }
    call.end();
    const answers = await allOf(call.messages());
    return answers.map((bytes) => reflection.ServerReflectionResponse.decode(bytes).messageResponse);
  }

  function fileNames(answer: reflection.ServerReflectionResponse["messageResponse"]): string[] {
    if (answer?.$case !== "fileDescriptorResponse") throw new Error(`expected files, got ${answer?.$case}`);
    return answer.value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name);
  }

  test("lists what can be called", async () => {
    const [answer] = await ask({ $case: "listServices", value: "" });
    expect(answer).toEqual({
      $case: "listServicesResponse",
      value: {
        service: [
          { name: "acme.echo.v1.EchoService" },
          { name: keyValue },
          { name: "grpc.health.v1.Health" },
          { name: "grpc.reflection.v1.ServerReflection" },
          { name: "grpc.reflection.v1alpha.ServerReflection" },
        ],
      },
    });
  });

  test("gives files by name and by symbol, with all that they import, so that a client can build them", async () => {
    const answers = await ask(
      { $case: "fileByFilename", value: "prism/keyvalue/v1/keyvalue.proto" },
      { $case: "fileContainingSymbol", value: keyValue },
      { $case: "fileContainingSymbol", value: `${keyValue}.Get` },
      { $case: "fileContainingSymbol", value: "prism.keyvalue.v1.GetResponse.etag" },
      { $case: "fileContainingSymbol", value: "grpc.health.v1.HealthCheckResponse.ServingStatus" },
    );
    const all = fileNames(answers[0]);
    expect(all).toContain("google/protobuf/timestamp.proto");
    expect(answers.map((answer) => fileNames(answer)[0])).toEqual([
      ...Array(4).fill("prism/keyvalue/v1/keyvalue.proto"),
      "grpc/health/v1/health.proto",
    ]);
  });

  test("says what it does not know, and goes on", async () => {
    const [unknown, , services] = await ask(
      { $case: "fileContainingSymbol", value: "acme.None" },
      { $case: "fileContainingExtension", value: { containingType: "acme.None", extensionNumber: 1 } },
      { $case: "listServices", value: "" },
    );
    expect(unknown).toMatchObject({ $case: "errorResponse", value: { errorCode: GrpcCode.NOT_FOUND } });
    expect(services?.$case).toBe("listServicesResponse");
  });

  test("describes a plugin's own service as the plugin does, and ignores a description that is damaged", async () => {
    const file = create(FileDescriptorProtoSchema, {
      name: "acme/echo.proto",
      package: "acme.echo.v1",
      syntax: "proto3",
      messageType: [{ name: "Text" }],
      service: [
        {
          name: "EchoService",
          method: [{ name: "Say", inputType: ".acme.echo.v1.Text", outputType: ".acme.echo.v1.Text" }],
        },
      ],
    });
    const set = create(FileDescriptorSetSchema, { file: [file] });
    expect(createFileRegistry(set).getService("acme.echo.v1.EchoService")).toBeDefined();
    bench.route({}, { "acme.echo.v1.EchoService": "own" }, toBinary(FileDescriptorSetSchema, set));
    const [described] = await ask({ $case: "fileContainingSymbol", value: "acme.echo.v1.EchoService.Say" });
    expect(fileNames(described)).toEqual(["acme/echo.proto"]);
    bench.route({}, { "acme.echo.v1.EchoService": "own" }, new Uint8Array([255, 1, 2]));
    const [missing] = await ask({ $case: "fileContainingSymbol", value: "acme.echo.v1.EchoService.Say" });
    expect(missing).toMatchObject({ $case: "errorResponse" });
  });
});
