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
    expect(text).toContain("+ user-events  stream on files  (acme.UserEvents)");
    expect(text).toMatch(/rejected +memory \(memstore\): suits less: it forgets everything with its process/);
    expect(text).toMatch(/partitions +20 = 10,000 writes\/s ÷ 500 writes\/s per partition/);
  });

  test("a folder, YAML, and what protoc and buf make of the app's file say the same", async () => {
    await writeFile(join(folder.path, "prism.yaml"), config);
    const [ofProtoc, ofBuf] = ["protoc.binpb", "buf.binpb"].map((name) => join(folder.path, name)) as [string, string];
    const include = [`-I${protoFolder}`, `-I${folder.path}`, "--include_imports"];
    const python = `${toolchainFolder}/python/bin/python`;
    const protoc = ["-m", "grpc_tools.protoc", ...include, `--descriptor_set_out=${ofProtoc}`, "app.proto"];
    expect(await runCommand(python, protoc)).toMatchObject({ code: 0, stderr: "" });
    const module = join(folder.path, "module");
    await mkdir(join(module, "prism"), { recursive: true });
    await copyFile(`${protoFolder}/prism/options.proto`, join(module, "prism/options.proto"));
    await copyFile(app, join(module, "app.proto"));
    const buf = `${repositoryRoot}/node_modules/.bin/buf`;
    expect(await runCommand(buf, ["build", module, "-o", ofBuf])).toMatchObject({ code: 0, stderr: "" });
    const yaml = 'acme.UserEvents: { access_pattern: append_heavy, estimated_rps: "10000", retention_days: "90" }\n';
    await writeFile(join(folder.path, "needs.yaml"), yaml);
    const [text, ...others] = await Promise.all(
      ["app.proto", ofProtoc, ofBuf, module, "needs.yaml"].map((file) =>
        runPrism(["plan", file, "--json"], { folder: folder.path }),
      ),
    );
    for (const { stdout } of others) expect(stdout.toString()).toBe(text?.stdout.toString());
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
    await writeFile(join(folder.path, "prism.yaml"), config);
    const applied = performance.now();
    await runPrism(["apply", "app.proto"], { folder: folder.path });
    const applyMs = performance.now() - applied;
    for (let round = 0; round < 20; round += 1) {
      await writeFile(join(folder.path, "prism.yaml"), config);
      const endedWithinMs = Math.ceil((applyMs * round) / 20);
      await runPrism(["apply", "app.proto"], { folder: folder.path, endedWithinMs: Math.max(1, endedWithinMs) });
      const left = await readFile(join(folder.path, "prism.yaml"), "utf8");
      expect([config, await appliedTo(config)]).toContain(left);
    }
    await runPrism(["apply", "app.proto"], { folder: folder.path });
    expect(await readFile(join(folder.path, "prism.yaml"), "utf8")).toBe(await appliedTo(config));
    expect((await readdir(folder.path)).filter((name) => name.endsWith(".new"))).toEqual([]);
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
