import { afterAll, beforeAll, expect, test } from "vitest";
import { configOf, memory, namespaceOn } from "./backends.ts";
import { type CommandResult, runCommand } from "./prism-command.ts";
import { PrismProcess } from "./prism-process.ts";
import { protoFolder, toolchainFolder } from "./repository.ts";

const service = "prism.keyvalue.v1.KeyValueService";
const namespace = namespaceOn(memory);
let prism: PrismProcess;

beforeAll(async () => {
  prism = await PrismProcess.start({ config: configOf([memory]) });
});
afterAll(() => prism[Symbol.asyncDispose]());

/** Runs grpcurl without any proto file: all it knows comes from reflection. */
function grpcurl(...given: string[]): Promise<CommandResult> {
  return runCommand(`${toolchainFolder}/bin/grpcurl`, ["-plaintext", ...given]);
}

test("list shows what the plugins offer", async () => {
  const { code, stdout } = await grpcurl(prism.listen, "list");
  expect(code).toBe(0);
  const services = stdout.toString().trim().split("\n");
  expect(services).toEqual(
    expect.arrayContaining([service, "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection"]),
  );
});

test("describe shows methods and messages", async () => {
  expect((await grpcurl(prism.listen, "describe", service)).stdout.toString()).toContain("rpc Transact");
  const message = await grpcurl(prism.listen, "describe", "prism.keyvalue.v1.SetRequest");
  expect(message.stdout.toString()).toContain("idempotency_token");
});

test("calls are made from JSON alone", async () => {
  const value = Buffer.from("from grpcurl").toString("base64");
  const set = await grpcurl("-d", JSON.stringify({ namespace, key: "k", value }), prism.listen, `${service}/Set`);
  expect(set).toMatchObject({ code: 0, stderr: "" });
  const get = await grpcurl("-d", JSON.stringify({ namespace, key: "k" }), prism.listen, `${service}/Get`);
  expect(JSON.parse(get.stdout.toString())).toMatchObject({ found: true, value });
});

test("an error shows its reason", async () => {
  const { code, stderr } = await grpcurl("-d", '{"namespace":"demmo","key":"k"}', prism.listen, `${service}/Get`);
  expect(code).not.toBe(0);
  expect(stderr).toContain("NotFound");
  expect(stderr).toContain("NAMESPACE_NOT_FOUND");
});

test.each(["", service])("health of %j is SERVING", async (name) => {
  const given = ["-d", JSON.stringify({ service: name }), prism.listen, "grpc.health.v1.Health/Check"];
  const { stdout } = await grpcurl(...given);
  expect(JSON.parse(stdout.toString())).toEqual({ status: "SERVING" });
});

test("the admin API is called with its proto file", async () => {
  const proto = ["-import-path", protoFolder, "-proto", "prism/admin/v1/admin.proto"];
  const { stdout } = await grpcurl(...proto, prism.admin, "prism.admin.v1.AdminService/ListNamespaces");
  expect(JSON.parse(stdout.toString())).toMatchObject({ namespaces: [{ name: namespace, state: "bound" }] });
});
