import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildGoPlugin } from "./go-plugin.ts";
import type { GoProgram } from "./go-program.ts";
import { readMetric } from "./metric.ts";
import { type CommandResult, runCommand } from "./prism-command.ts";
import { type PrismConfig, PrismProcess } from "./prism-process.ts";
import { toolchainFolder } from "./repository.ts";

// What grpc-go's client has and its server answers. The others need ORCA or several servers, or are not in that client.
const cases = [
  "empty_unary",
  "large_unary",
  "client_streaming",
  "server_streaming",
  "ping_pong",
  "empty_stream",
  "timeout_on_sleeping_server",
  "cancel_after_begin",
  "cancel_after_first_response",
  "status_code_and_message",
  "special_status_message",
  "custom_metadata",
  "unimplemented_method",
  "unimplemented_service",
];

// 0.6 MB each, by four callers at once.
const soaks = [
  ["rpc_soak", "500"],
  ["channel_soak", "200"],
] as const;
const soakOptions = ["--soak_num_threads=4", "--soak_overall_timeout_seconds=25"];

// Their messages are empty, or begin with what key-value reads as its namespace. The cases that send several messages are left
// out: whether their client reports the status or that it could not send depends on which comes first.
const unroutedCases = ["empty_unary", "large_unary", "server_streaming"];

const services = {
  "grpc.testing.TestService": { backend: "go" },
  "grpc.testing.UnimplementedService": { backend: "go" },
};

let plugin: GoProgram;
beforeAll(async () => {
  plugin = await buildGoPlugin();
});
afterAll(() => plugin?.[Symbol.asyncDispose]());

const start = (more: PrismConfig) =>
  PrismProcess.start({ config: { backends: { go: { command: [plugin.path, "interop"] } }, ...more } });

function runClient(prism: PrismProcess, name: string, ...more: readonly string[]): Promise<CommandResult> {
  const [host, port] = prism.listen.split(":");
  const server = [`--server_host=${host}`, `--server_port=${port}`];
  return runCommand(`${toolchainFolder}/bin/grpc-interop-client`, [...server, `--test_case=${name}`, ...more]);
}

describe("grpc-go's interop client, to grpc-go's TestService in a plugin", () => {
  let prism: PrismProcess;
  beforeAll(async () => {
    prism = await start({ services });
  });
  afterAll(() => prism?.[Symbol.asyncDispose]());

  test.each(cases)("%s passes", async (name) => {
    expect(await runClient(prism, name)).toMatchObject({ code: 0 });
  });

  test.each(soaks)("%s with %s calls passes", async (name, iterations) => {
    expect(await runClient(prism, name, `--soak_iterations=${iterations}`, ...soakOptions)).toMatchObject({ code: 0 });
  });

  test("leaves no call behind", async () => {
    expect(await readMetric(prism.admin, "grpc_go_calls_in_flight", 'backend="go"')).toBe(0);
    expect(await prism.stop()).toEqual({ code: 0, signal: null });
    expect(prism.log.filter(({ msg }) => msg === "plugin did not drain")).toEqual([]);
  });
});

describe("grpc-go's interop client, without the service in the configuration", () => {
  let prism: PrismProcess;
  beforeAll(async () => {
    prism = await start({});
  });
  afterAll(() => prism?.[Symbol.asyncDispose]());

  test.each(unroutedCases)("%s ends with UNIMPLEMENTED", async (name) => {
    const { code, stderr } = await runClient(prism, name);
    expect(code).toBe(1);
    expect(stderr).toMatch(/code = Unimplemented desc = .*grpc\.testing\.TestService/);
  });
});
