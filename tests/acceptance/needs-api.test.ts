import { readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ApiFailure, NamespaceApi } from "./namespace-api.ts";
import { runCommand } from "./prism-command.ts";
import { PrismProcess } from "./prism-process.ts";
import { protoFolder, repositoryRoot } from "./repository.ts";
import { StreamClient } from "./stream-client.ts";
import { createTemporaryFolder } from "./temporary-folder.ts";

/** The needs of an app in its own .proto, as far as the tests differ. */
function userEvents(options: string): object {
  const text = `syntax = "proto3"; package acme; import "prism/options.proto"; message UserEvents { ${options} string id = 1; }`;
  return { protos: { files: [{ name: "app.proto", text }] } };
}

const log = 'option (prism.access_pattern) = "append_heavy"; option (prism.estimated_rps) = "1000";';

interface Plan {
  readonly etag: string;
  readonly namespaces: readonly {
    readonly namespace: string;
    readonly action: { readonly kind: string; readonly reason?: string };
    readonly chosen?: { readonly backend: string; readonly reason: string };
    readonly rejected?: readonly { readonly backend: string; readonly reason: string }[];
    readonly drift?: readonly string[];
    readonly figures?: readonly { readonly name: string; readonly value: string; readonly formula: string }[];
  }[];
}

interface Applied {
  readonly plan: Plan;
  readonly namespaces: readonly { readonly name: string; readonly state: string }[];
  readonly changed?: readonly string[];
}

let prism: PrismProcess;
let api: NamespaceApi;
beforeAll(async () => {
  prism = await PrismProcess.start({
    config: {
      backends: {
        memory: { plugin: "memstore" },
        files: { plugin: "sqlite", settings: { path: "./data.db" } },
        // Nobody listens on port 1.
        away: { plugin: "redis", settings: { url: "redis://127.0.0.1:1" } },
      },
      namespaces: { profile: { pattern: "key-value", backend: "memory" } },
    },
  });
  api = new NamespaceApi(prism.admin);
});
afterAll(() => prism[Symbol.asyncDispose]());

const plan = async (needs: object, more: object = {}) =>
  (await api.call<{ plan: Plan }>("PlanNeeds", { needs, ...more })).plan;
const apply = (needs: object, more: object = {}) => api.call<Applied>("ApplyNeeds", { needs, ...more });

async function refusal(call: Promise<unknown>): Promise<ApiFailure> {
  const failure = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(ApiFailure);
  return failure as ApiFailure;
}

describe("an app's needs over the admin API", () => {
  test("are planned with the backend, the reasons and the formulas, and nothing is made", async () => {
    const { namespaces } = await plan(userEvents(log));
    expect(namespaces).toMatchObject([
      {
        namespace: "user-events",
        action: { kind: "create" },
        chosen: { backend: "files", reason: expect.any(String) },
      },
    ]);
    expect(namespaces[0]?.figures).toContainEqual(
      expect.objectContaining({ name: "partitions", formula: expect.stringContaining("1,000 writes/s ÷ 500") }),
    );
    expect((await api.list()).map(({ name }) => name)).toEqual(["profile"]);
  });

  test("do not go to a backend that does not answer, and the plan says so", async () => {
    const needs = { written: { "acme.Sessions": { access_pattern: "read_heavy", latency_target: "2ms" } } };
    const { namespaces } = await plan(needs);
    const away = namespaces[0]?.rejected?.find(({ backend }) => backend === "away");
    expect(away?.reason).toMatch(/^it is (starting|crash_loop|exited|unreachable)/);
  });

  test("do not go to a backend that is disabled, and the plan says so", async () => {
    await api.call("DisableBackend", { backend: "files", reason: "a full disk" });
    const { namespaces } = await plan(userEvents(log));
    expect(namespaces[0]?.chosen?.backend).not.toBe("files");
    expect(namespaces[0]?.rejected).toContainEqual(
      expect.objectContaining({ backend: "files", reason: expect.stringContaining("disabled: a full disk") }),
    );
    await api.call("EnableBackend", { backend: "files" });
  });

  test("are made as planned, serve at once, and a second time nothing changes", async () => {
    const { etag } = await plan(userEvents(log));
    const first = await apply(userEvents(log), { etag });
    expect(first).toMatchObject({ namespaces: [{ name: "user-events", state: "bound" }], changed: ["user-events"] });
    using client = new StreamClient(prism.listen, "user-events");
    await client.append("an event");
    const again = await apply(userEvents(log), { etag });
    expect(again.plan.namespaces[0]?.action.kind).toBe("keep");
    expect(again.changed ?? []).toEqual([]);
  });

  test("are not made as planned when something changed meanwhile", async () => {
    const more = { written: { "acme.Stale": { access_pattern: "read_heavy", estimated_rps: "10" } } };
    const other = { written: { "acme.Stale": { access_pattern: "read_heavy", estimated_rps: "20" } } };
    const { etag } = await plan(more);
    await apply(other);
    const failure = await refusal(apply(more, { etag }));
    expect(failure).toMatchObject({ code: "aborted", reason: "ETAG_MISMATCH" });
    expect((await apply(more)).changed).toEqual(["stale"]);
  });

  test("that would lose data are refused whole, and made with consent", async () => {
    const kept = (days: string) =>
      userEvents(`${log} option (prism.namespace) = "kept"; option (prism.retention_days) = "${days}";`);
    await apply(kept("90"));
    const failure = await refusal(apply(kept("30")));
    expect(failure).toMatchObject({ code: "failed_precondition", reason: "PLAN_REFUSED" });
    expect(failure.message).toContain("which deletes data");
    expect((await apply(kept("30"), { allowDataLoss: true })).changed).toEqual(["kept"]);
  });

  test("tell in their plan what somebody has changed on the backend by hand", async () => {
    const needs = userEvents(`${log} option (prism.namespace) = "touched"; option (prism.retention_days) = "1";`);
    await apply(needs);
    expect((await plan(needs)).namespaces).toMatchObject([{ action: { kind: "keep" } }]);
    using database = new DatabaseSync(join(prism.folder, "data.db"));
    database.exec(
      "UPDATE stream_log SET retention_ms = 5 WHERE namespace_id = (SELECT id FROM namespace WHERE name = CAST('touched' AS BLOB))",
    );
    const [planned] = (await plan(needs)).namespaces;
    expect(planned?.drift).toEqual([
      expect.stringMatching(/would change the log in .*: retention_period 5 -> 86400000/),
    ]);
  });

  test("for a namespace that is deleted and can be restored are refused by plan and apply alike, until it is restored", async () => {
    const needs = userEvents(`${log} option (prism.namespace) = "missed";`);
    await apply(needs);
    await api.delete("missed");
    const [planned] = (await plan(needs)).namespaces;
    expect(planned?.action).toMatchObject({
      kind: "refuse",
      reason: expect.stringMatching(
        /^it exists and is deleted, and can be restored until .*prism namespace restore missed/,
      ),
    });
    const failure = await refusal(apply(needs));
    expect(failure).toMatchObject({ code: "failed_precondition", reason: "PLAN_REFUSED" });
    expect(failure.message).toContain(planned?.action.reason);
    await api.restore("missed");
    expect((await apply(needs)).plan.namespaces[0]?.action.kind).toBe("keep");
  });

  test("that are wrong are refused with every problem", async () => {
    const wrong = userEvents('option (prism.access_pattern) = "apend_heavy"; option (prism.estimated_rps) = "lots";');
    const failure = await refusal(plan(wrong));
    expect(failure).toMatchObject({ code: "invalid_argument", reason: "INVALID_FIELD" });
    expect(failure.fields).toEqual(["acme.UserEvents (prism.access_pattern)", "acme.UserEvents (prism.estimated_rps)"]);
    expect(await refusal(plan({}))).toMatchObject({ reason: "INVALID_FIELD", fields: ["needs"] });
    expect(await refusal(plan({ written: {} }))).toMatchObject({ reason: "INVALID_FIELD", fields: ["needs"] });
    expect(await refusal(plan({ descriptorSet: "AAEC" }))).toMatchObject({ fields: ["descriptor set"] });
  });

  test("of what prism.yaml declares are changed there", async () => {
    const failure = await refusal(
      apply({ written: { "acme.Profile": { access_pattern: "read_heavy", estimated_rps: "9" } } }),
    );
    expect(failure).toMatchObject({ reason: "NAMESPACE_IN_FILE" });
  });

  test("of twenty apps at once are all made, the same ones once", async () => {
    const needs = Array.from({ length: 20 }, (_, index) => ({
      written: {
        "acme.Shared": { namespace: "shared", access_pattern: "read_heavy", estimated_rps: "100" },
        "acme.Own": { namespace: `own-${index}`, access_pattern: "read_heavy", estimated_rps: "100" },
      },
    }));
    const answers = await Promise.all(needs.map((one) => apply(one)));
    const made = answers.flatMap(({ changed = [] }) => changed);
    const own = needs.map((_, index) => `own-${index}`);
    expect(made.toSorted()).toEqual([...own, "shared"].toSorted());
  });

  test("are what an app registers when it starts, with the program that the documentation shows", async () => {
    const page = await readFile(join(repositoryRoot, "docs/client-configuration.md"), "utf8");
    const [, program = ""] = /```js\n([\s\S]*?)```/.exec(page) ?? [];
    await using folder = await createTemporaryFolder();
    await writeFile(join(folder.path, "app.mjs"), program);
    await symlink(join(repositoryRoot, "tests/acceptance/node_modules"), join(folder.path, "node_modules"));
    await symlink(protoFolder, join(folder.path, "proto"));
    const app =
      'syntax = "proto3"; package acme; import "prism/options.proto"; message Order { option (prism.namespace) = "registered"; }';
    await writeFile(join(folder.path, "app.proto"), app);
    const python = `${repositoryRoot}/.toolchain/python/bin/python`;
    const include = [`-I${protoFolder}`, `-I${folder.path}`, "--include_imports"];
    await runCommand(python, ["-m", "grpc_tools.protoc", ...include, "--descriptor_set_out=app.binpb", "app.proto"], {
      folder: folder.path,
    });
    const run = { folder: folder.path, environment: { PRISM_ADMIN: prism.admin } };
    expect(await runCommand(process.execPath, ["app.mjs"], run)).toMatchObject({
      code: 0,
      stderr: "",
      stdout: Buffer.from("registered is bound\n"),
    });
  });
});
