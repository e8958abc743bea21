import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "./eventually.ts";
import { buildGoPlugin } from "./go-plugin.ts";
import type { GoProgram } from "./go-program.ts";
import { readMetric } from "./metric.ts";
import { type CommandResult, runCommand } from "./prism-command.ts";
import { PrismProcess } from "./prism-process.ts";
import { Relay } from "./relay.ts";
import { repositoryRoot, toolchainFolder } from "./repository.ts";
import { createTemporaryFolder, type TemporaryFolder } from "./temporary-folder.ts";

const folder = `${repositoryRoot}/tests/acceptance`;
const protos = `${folder}/protos`;
const proto = "test_service.proto";
const service = "grpc.testing.TestService";
// grpc-go pings every 10 s at most; the others are done within 3 s.
const caseEndedWithinMs = 60_000;
const noticedWithinMs = 10_000;

// What each client does is in clients/, under the name of the case.
const cases = [
  "unary",
  "server_streaming",
  "client_streaming",
  "bidi_streaming",
  "deadline",
  "cancellation",
  "binary_metadata",
  "large_messages",
  "keepalive",
] as const;
type Case = (typeof cases)[number] | "connection_age";

let modules: TemporaryFolder;
let plugin: GoProgram;
let prism: PrismProcess;

beforeAll(async () => {
  [modules, plugin] = await Promise.all([generatePythonModules(), buildGoPlugin()]);
  prism = await startWith({});
});
afterAll(async () => {
  await prism?.[Symbol.asyncDispose]();
  await plugin?.[Symbol.asyncDispose]();
  await modules?.[Symbol.asyncDispose]();
});

function startWith(limits: object): Promise<PrismProcess> {
  const backends = { go: { command: [plugin.path, "interop"] } };
  return PrismProcess.start({ config: { backends, services: { [service]: { backend: "go" } }, limits } });
}

async function generatePythonModules(): Promise<TemporaryFolder> {
  const generated = await createTemporaryFolder();
  const out = [`-I${protos}`, `--python_out=${generated.path}`, `--grpc_python_out=${generated.path}`];
  const { code, stderr } = await runCommand(python, ["-m", "grpc_tools.protoc", ...out, proto]);
  if (code !== 0) throw new Error(`protoc ended with ${code}: ${stderr}`);
  return generated;
}

const python = `${toolchainFolder}/python/bin/python`;
const programs: Record<string, () => readonly [program: string, ...given: string[]]> = {
  grpcio: () => [python, `${folder}/clients/python/test_service_client.py`],
  "grpc-go": () => [`${toolchainFolder}/bin/grpc-go-test-client`],
  tonic: () => [`${toolchainFolder}/rust/debug/client`],
  "grpc-js": () => [process.execPath, `${folder}/clients/node/test-service-client.ts`],
};

function run(client: string, address: string, name: Case): Promise<CommandResult> {
  const [program = "", ...given] = programs[client]?.() ?? [];
  const environment = { PYTHONPATH: modules.path };
  return runCommand(program, [...given, address, name], { environment, endedWithinMs: caseEndedWithinMs });
}

describe.each(Object.keys(programs))("%s", (client) => {
  test.each(cases)(
    "%s passes, and leaves no call in the plugin",
    async (name) => {
      const { code, stderr } = await run(client, prism.listen, name);
      expect({ code, stderr }).toEqual({ code: 0, stderr: expect.any(String) });
      const inFlight = () => readMetric(prism.admin, "grpc_go_calls_in_flight", 'backend="go"');
      await eventually("the end of all calls", noticedWithinMs, async () => (await inFlight()) === 0);
    },
    caseEndedWithinMs,
  );

  test("connection_age passes: a new connection is made when one is too old, and no call fails", async () => {
    await using aging = await startWith({ connection_age: "1s" });
    await using relay = await Relay.start(aging.listen);
    const { code, stderr } = await run(client, relay.address, "connection_age");
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.any(String) });
    expect(relay.connections).toBeGreaterThanOrEqual(2);
  });
});

// grpcurl makes one call in a process of its own: there is nothing to cancel but the process, its pings begin after 10 s at the
// earliest and its connection never gets old. It prints messages of 4 MiB as text of 5.6 MiB.
describe("grpcurl", () => {
  const grpcurl = (method: string, body: string, ...more: string[]) =>
    runCommand(
      `${toolchainFolder}/bin/grpcurl`,
      ["-plaintext", "-import-path", protos, "-proto", proto, ...more, "-d", "@", prism.listen, `${service}/${method}`],
      { input: body, endedWithinMs: caseEndedWithinMs },
    );
  const body = Buffer.alloc(6).toString("base64");
  const largeBytes = 4 * 1024 * 1024 - 64;
  const trailing = Buffer.from([0, 1, 10, 13, 127, 128, 254, 255]).toString("base64");

  test.each<[name: string, given: Parameters<typeof grpcurl>, answer: RegExp]>([
    ["unary", ["UnaryCall", '{"responseSize":6}'], new RegExp(`"body": "${body}"`)],
    ["server_streaming", ["StreamingOutputCall", '{"responseParameters":[{"size":6},{"size":6}]}'], /(body[\s\S]*){2}/],
    [
      "client_streaming",
      ["StreamingInputCall", `{"payload":{"body":"${body}"}}`.repeat(3)],
      /"aggregatedPayloadSize": 18/,
    ],
    ["bidi_streaming", ["FullDuplexCall", '{"responseParameters":[{"size":6}]}'.repeat(2)], /(body[\s\S]*){2}/],
    ["large_messages", ["UnaryCall", `{"responseSize":${largeBytes}}`, "-max-msg-sz", String(2 ** 23)], /A{5500000}/],
    [
      "binary_metadata",
      ["UnaryCall", '{"responseSize":6}', "-v", "-H", `x-grpc-test-echo-trailing-bin: ${trailing}`],
      new RegExp(`x-grpc-test-echo-trailing-bin: ${trailing.replace("+", "\\+")}`),
    ],
  ])("%s passes", async (_, given, answer) => {
    const { code, stdout, stderr } = await grpcurl(...given);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(answer.test(stdout.toString())).toBe(true);
  });

  test("deadline passes", async () => {
    const slow = '{"responseParameters":[{"size":1,"intervalUs":60000000}]}';
    const { code, stderr } = await grpcurl("StreamingOutputCall", slow, "-max-time", "0.3");
    expect(code).not.toBe(0);
    expect(stderr).toContain("DeadlineExceeded");
  });
});
