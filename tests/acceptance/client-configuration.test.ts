import { randomUUID } from "node:crypto";
import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ConfigResourceTypes, Kafka, logLevel } from "kafkajs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { kafka as kafkaServer, sharedServer } from "../servers/own-server.ts";
import { eventually } from "./eventually.ts";
import { runCommand, runPrism } from "./prism-command.ts";
import { PrismProcess } from "./prism-process.ts";
import { protoFolder, repositoryRoot, toolchainFolder } from "./repository.ts";
import { createTemporaryFolder, type TemporaryFolder } from "./temporary-folder.ts";

// The proxy reads its file, and Kafka makes a topic of 20 partitions.
const madeWithinMs = 30_000;

/** Topics of different runs never meet on the shared Kafka. */
const prefix = `run-${randomUUID().slice(0, 8)}`;

/** As the customer's own document has it, in an app's own file. */
const userEvents = `syntax = "proto3";
package acme;
import "prism/options.proto";

message UserEvents {
  option (prism.access_pattern) = "append_heavy";
  option (prism.estimated_rps) = "10000";
  option (prism.retention_days) = "90";
}
`;

/** As that document has it, too; the rest says what Prism does not act on yet, with the types that the options have. */
const user = `
message User {
  string id = 1;
  string email = 2 [(prism.pii) = "email"];  // Auto-encrypted
  string name = 3 [(prism.pii) = "name"];    // Auto-masked in logs
}

message Profile {
  option (prism.estimated_read_rps) = 5000;
  option (prism.estimated_write_rps) = 100;
  option (prism.estimated_data_size_gb) = 2;
  option (prism.enable_cache) = true;
  option (prism.cache_ttl_seconds) = 60;
  option (prism.consistency) = "strong";
  option (prism.owners) = "team-a";
  option (prism.owners) = "team-b";
  string id = 1 [(prism.index) = "primary", (prism.required) = true, (prism.max_length) = 64];
  string mail = 2 [(prism.encrypt_at_rest) = true, (prism.mask_in_logs) = true, (prism.access_audit) = true];
  int32 age = 3 [(prism.validation) = "min:0"];
}

service Users {
  option (prism.require_auth) = true;
  option (prism.rate_limit_rps) = 1000;
  option (prism.version) = "v1";
  rpc Find(User) returns (Profile) {
    option (prism.idempotent) = true;
    option (prism.timeout_ms) = 500;
    option (prism.cacheable) = true;
    option (prism.rpc_cache_ttl_seconds) = 60;
    option (prism.required_permissions) = "users.read";
    option (prism.required_permissions) = "users.find";
  }
}
`;

/** The messages of both as YAML. */
const yamlNeeds = `
acme.UserEvents: { access_pattern: append_heavy, estimated_rps: 10000, retention_days: "90" }
acme.User: { fields: { email: { pii: email }, name: { pii: name } } }
acme.Profile:
  estimated_read_rps: 5k
  estimated_write_rps: 100
  estimated_data_size_gb: 2
  enable_cache: true
  cache_ttl_seconds: 60
  consistency: strong
  owners: [team-a, team-b]
  fields:
    id: { index: primary, max_length: 64, required: true }
    mail: { encrypt_at_rest: true, mask_in_logs: true, access_audit: true }
    age: { validation: "min:0" }
`;

let folder: TemporaryFolder;
let app: string;
beforeAll(async () => {
  folder = await createTemporaryFolder();
  app = join(folder.path, "app.proto");
  await writeFile(app, userEvents);
});
afterAll(() => folder[Symbol.asyncDispose]());

const memory = { plugin: "memstore" };

describe("an app's needs, on a proxy with Kafka", () => {
  let prism: PrismProcess;
  beforeAll(async () => {
    const settings = { brokers: [sharedServer(kafkaServer)], topic_prefix: prefix };
    prism = await PrismProcess.start({
      config: {
        backends: { memory, events: { plugin: "kafka", settings } },
        namespaces: { demo: { pattern: "key-value", backend: "memory" } },
      },
    });
  });
  afterAll(() => prism[Symbol.asyncDispose]());

  const run = (command: string) => runPrism([command, app, "-c", join(prism.folder, "prism.yaml"), "--json"]);

  test("become a topic with the partitions and the retention that the plan shows", async () => {
    const plan = await run("plan");
    expect(JSON.parse(plan.stdout.toString())).toMatchObject({
      namespaces: [{ namespace: "user-events", action: { kind: "create" }, chosen: { backend: "events" } }],
    });
    expect(await run("apply")).toMatchObject({ code: 0, stderr: "" });
    const text = "the first event";
    const append = ["stream", "append", "user-events", text, "--server", prism.listen];
    await eventually("an event is appended", madeWithinMs, async () => (await runPrism(append)).code === 0);

    const admin = new Kafka({ brokers: [sharedServer(kafkaServer)], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    try {
      const topic = (await admin.listTopics()).find((name) => name.startsWith(prefix) && name.includes("user-events"))!;
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
      expect(topics[0]?.partitions).toHaveLength(20);
      const { resources } = await admin.describeConfigs({
        includeSynonyms: false,
        resources: [{ type: ConfigResourceTypes.TOPIC, name: topic, configNames: ["retention.ms"] }],
      });
      expect(resources[0]?.configEntries[0]?.configValue).toBe("7776000000");
    } finally {
      await admin.disconnect();
    }
  });

  test("applied again change nothing, not a byte of the file", async () => {
    const before = await readFile(join(prism.folder, "prism.yaml"), "utf8");
    const { stdout } = await run("apply");
    expect(JSON.parse(stdout.toString())).toMatchObject({ namespaces: [{ action: { kind: "keep" } }] });
    expect(await readFile(join(prism.folder, "prism.yaml"), "utf8")).toBe(before);
  });
});

describe("without Kafka", () => {
  const config =
    "backends:\n  memory: { plugin: memstore }\n  files: { plugin: sqlite, settings: { path: ./data.db } }\n";

  test("the best log at hand is chosen, and the answer says why", async () => {
    await writeFile(join(folder.path, "prism.yaml"), config);
    const { code, stdout } = await runPrism(["plan", "app.proto"], { folder: folder.path });
    const text = stdout.toString();
    expect(code).toBe(0);
    expect(text).toContain("+ user-events  stream on files  (acme.UserEvents)  will be made");
    expect(text).toMatch(/rejected +memory \(memstore\): it may hold 256 MiB, and .* are needed: 10,000 writes\/s × /);
    expect(text).toMatch(/partitions +20 = 10,000 writes\/s ÷ 500 writes\/s per partition/);
  });

  test("a folder, YAML, and what protoc and buf make of the app's file say the same", async () => {
    await writeFile(join(folder.path, "prism.yaml"), config);
    const whole = `${userEvents}${user}`;
    await writeFile(join(folder.path, "whole.proto"), whole);
    const [ofProtoc, ofBuf] = ["protoc.binpb", "buf.binpb"].map((name) => join(folder.path, name)) as [string, string];
    const include = [`-I${protoFolder}`, `-I${folder.path}`, "--include_imports"];
    const python = `${toolchainFolder}/python/bin/python`;
    const protoc = ["-m", "grpc_tools.protoc", ...include, `--descriptor_set_out=${ofProtoc}`, "whole.proto"];
    expect(await runCommand(python, protoc)).toMatchObject({ code: 0, stderr: "" });
    const module = join(folder.path, "module");
    await mkdir(join(module, "prism"), { recursive: true });
    await copyFile(`${protoFolder}/prism/options.proto`, join(module, "prism/options.proto"));
    await writeFile(join(module, "app.proto"), whole);
    const buf = `${repositoryRoot}/node_modules/.bin/buf`;
    expect(await runCommand(buf, ["build", module, "-o", ofBuf])).toMatchObject({ code: 0, stderr: "" });
    await writeFile(join(folder.path, "needs.yaml"), yamlNeeds);
    const plans = await Promise.all(
      ["whole.proto", ofProtoc, ofBuf, module, "needs.yaml"].map(async (file) => {
        const { stdout } = await runPrism(["plan", file, "--json"], { folder: folder.path });
        return JSON.parse(stdout.toString());
      }),
    );
    const [plan, , , , { namespaces: ofYaml }] = plans;
    expect(plans.slice(1, 4)).toEqual([plan, plan, plan]);
    // Whoever writes YAML gives no messages to keep.
    expect(ofYaml).toEqual(plan.namespaces.map((one: object) => ({ ...one, schema: null })));
    expect(plan.namespaces.map(({ namespace }: { namespace: string }) => namespace)).toEqual([
      "user-events",
      "user",
      "profile",
    ]);
    expect(plan.namespaces[1].warnings).toContain(
      "pii email on email: encryption and masking are not built yet: the value is stored as it is",
    );
    expect(plan.unused).toHaveLength(8);
  });

  test("what an operator pins in prism.yaml stays, with all else that is written there", async () => {
    const namespace =
      "{ pattern: stream, backend: files, timeout: 9s, options: { partitions: 50, retention_period: 2160h }, pin: [options.partitions] }";
    const before = `${config}namespaces:\n  user-events: ${namespace}\n`;
    await writeFile(join(folder.path, "prism.yaml"), before);
    const { code, stdout } = await runPrism(["apply", "app.proto"], { folder: folder.path });
    expect(code).toBe(0);
    expect(stdout.toString()).toMatch(/pinned +options\.partitions: 50, as prism\.yaml pins it; it would be 20/);
    const after = await readFile(join(folder.path, "prism.yaml"), "utf8");
    expect(after).toContain("options: { partitions: 50, retention_period: 2160h }");
    expect(after).toContain("calls_per_second: 20000");
    expect(after).toContain("timeout: 9s");
  });

  test("needs that are wrong are refused all at once, and nothing is written", async () => {
    await writeFile(join(folder.path, "prism.yaml"), config);
    const wrong = userEvents.replace("append_heavy", "apend_heavy").replace('"10000"', '"lots"');
    await writeFile(join(folder.path, "wrong.proto"), wrong.replace("retention_days", "retention"));
    const { code, stderr } = await runPrism(["apply", "wrong.proto"], { folder: folder.path });
    expect(code).toBe(2);
    expect(stderr).toContain("acme.UserEvents (prism.retention): is no option; there are namespace, access_pattern");
    await writeFile(join(folder.path, "wrong.proto"), wrong);
    const values = await runPrism(["apply", "wrong.proto"], { folder: folder.path });
    expect(values.stderr).toContain('(prism.access_pattern): "apend_heavy" is not one of append_heavy');
    expect(values.stderr).toContain('(prism.estimated_rps): "lots" is not a whole number');
    expect(await readFile(join(folder.path, "prism.yaml"), "utf8")).toBe(config);
  });

  test("a change of the app's messages that would break what is kept is told, with what would be right", async () => {
    const released = `${userEvents}\nmessage Seen { string user = 1; uint64 at = 2; }\n`;
    const next = released.replace("string user = 1;", "bytes user = 1; int32 page = 3;").replace(" uint64 at = 2;", "");
    await writeFile(join(folder.path, "released.proto"), released);
    await writeFile(join(folder.path, "next.proto"), next);
    const { code, stdout } = await runPrism(["schema", "diff", "released.proto", "next.proto"], {
      folder: folder.path,
    });
    expect(code).toBe(1);
    expect(stdout.toString()).toMatch(/acme\.Seen\.user +its type is string, and would be bytes +FIELD_WIRE_JSON/);
    expect(stdout.toString()).toMatch(/acme\.Seen\.at +is gone.* add reserved 2 /);
    const same = await runPrism(["schema", "diff", "next.proto", "next.proto"], { folder: folder.path });
    expect(same).toMatchObject({ code: 0, stdout: Buffer.from("nothing breaks\n") });
  });

  test("twenty apps that apply at once all get what they need", async () => {
    await writeFile(join(folder.path, "prism.yaml"), config);
    const apps = Array.from({ length: 20 }, (_, index) => `app${index}`);
    const files = apps.map(async (name) => {
      const text = userEvents.replace("{", `{\n  option (prism.namespace) = "${name}";`);
      await writeFile(join(folder.path, `${name}.proto`), text);
      return await runPrism(["apply", `${name}.proto`], { folder: folder.path, endedWithinMs: 60_000 });
    });
    expect((await Promise.all(files)).filter(({ code }) => code !== 0)).toEqual([]);
    const { stdout } = await runPrism(["check", "--json"], { folder: folder.path });
    expect(JSON.parse(stdout.toString()).namespaces.sort()).toEqual(apps.sort());
  });

  test("one that is killed at any moment leaves a whole file, and the next one finishes the work", async () => {
    const kills = 50;
    const whole = [config, await appliedTo(config)];
    await using first = await createTemporaryFolder();
    await using second = await createTemporaryFolder();
    const places = [first, second].map(({ path }) => ({ path, file: join(path, "prism.yaml") }));
    const applyIn = async ({ path, file }: (typeof places)[number], endedWithinMs?: number) => {
      if (endedWithinMs !== undefined) await writeFile(file, config);
      const startedMs = performance.now();
      await runPrism(["apply", app], { folder: path, ...(endedWithinMs !== undefined && { endedWithinMs }) });
      return performance.now() - startedMs;
    };
    await Promise.all(places.map(({ file }) => writeFile(file, config)));
    const applyMs = Math.max(...(await Promise.all(places.map((place) => applyIn(place)))));
    // Two at a time: each in a folder of its own, at every other of the moments.
    const killed = places.map(async (place, lane) => {
      for (let moment = lane; moment < kills; moment += places.length) {
        await applyIn(place, Math.max(1, Math.ceil((applyMs * moment) / kills)));
        expect(whole).toContain(await readFile(place.file, "utf8"));
      }
      await applyIn(place);
      expect(await readFile(place.file, "utf8")).toBe(whole[1]);
      expect((await readdir(place.path)).filter((name) => name.endsWith(".new"))).toEqual([]);
    });
    await Promise.all(killed);
  });

  /** What apply makes of the file when nothing happens to it. */
  async function appliedTo(text: string): Promise<string> {
    expected ??= (async () => {
      await using quiet = await createTemporaryFolder();
      await writeFile(join(quiet.path, "prism.yaml"), text);
      await runPrism(["apply", app], { folder: quiet.path });
      return await readFile(join(quiet.path, "prism.yaml"), "utf8");
    })();
    return await expected;
  }
  let expected: Promise<string> | undefined;
});
