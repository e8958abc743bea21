import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { inspect } from "node:util";
import { noSizeLimits } from "@prism-data/pattern-sdk/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Config } from "./config.js";
import { type LoadOptions, loadConfig } from "./load.js";
import { ConfigError } from "./problem.js";

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), "prism-config-"));
  const settings = { type: "object", properties: { path: { type: "string" } }, additionalProperties: false };
  await installPlugin("@prism-data/plugin-memstore", ["ttl", "scan", "ordered_scan"], {
    durability: "ephemeral",
    services: ["acme.v1.Search"],
  });
  const options = {
    type: "object",
    properties: { partitions: { type: "integer", minimum: 1, maximum: 64 } },
    additionalProperties: false,
  };
  await installPlugin("@prism-data/plugin-sqlite", ["ttl", "scan", "ordered_scan"], { settings, options });
});

afterEach(() => rm(dir, { recursive: true }));

/** Puts a package that looks like a plugin into the operator's folder. */
async function installPlugin(
  name: string,
  capabilities: readonly string[],
  { options, ...more }: { durability?: string; options?: object; services?: readonly string[]; settings?: object },
): Promise<void> {
  const folder = path.join(dir, "node_modules", name);
  await mkdir(folder, { recursive: true });
  const prism = { patterns: { "key-value": { capabilities, limits: {}, options } }, ...more };
  await writeFile(path.join(folder, "package.json"), JSON.stringify({ name, version: "1.2.3", bin: "main.js", prism }));
  await writeFile(path.join(folder, "main.js"), "");
}

async function load(text: string | undefined, options: Partial<LoadOptions> = {}): Promise<Config> {
  if (text !== undefined) await writeFile(path.join(dir, "prism.yaml"), text);
  return await loadConfig({ workingDir: dir, environment: {}, shippedPluginBases: [], ...options });
}

/** What is wrong, one line each, as an operator reads it. */
async function problemsOf(text: string | undefined, options: Partial<LoadOptions> = {}): Promise<string[]> {
  try {
    await load(text, options);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message
      .split("\n")
      .slice(1)
      .map((line) => line.trim());
  }
}

/** A reference as it stands in the file. */
function reference(target: string): string {
  return `\${${target}}`;
}

const smallest = `
backends: { memory: { plugin: memstore } }
namespaces: { demo: { pattern: key-value, backend: memory } }
`;

/** A namespace with options on a plugin that takes `partitions`. */
const onFiles = (options: string) => `
backends: { files: { plugin: sqlite } }
namespaces: { demo: { pattern: key-value, backend: files, options: ${options} } }
`;

describe("a usable configuration", () => {
  test("gives a namespace the options that its plugin takes", async () => {
    const { namespaces } = await load(onFiles("{ partitions: 4 }"));
    expect(namespaces.get("demo")?.options).toEqual({ partitions: 4 });
  });

  test("without a file is memory and a file, to try it", async () => {
    const config = await load(undefined);
    expect([...config.backends.keys()]).toEqual(["memory", "files"]);
    expect([...config.namespaces.keys()]).toEqual(["demo", "profile"]);
    expect(config.backends.get("files")?.settings.reveal()).toEqual({ path: "./.prism/data.db" });
    expect(config.file).toBeUndefined();
  });

  test("has the documented defaults", async () => {
    const config = await load(smallest);
    expect(config.listen).toEqual({ host: "127.0.0.1", port: 8980 });
    expect(config.admin.listen).toEqual({ host: "127.0.0.1", port: 8981 });
    expect(config.dataDir).toBe(path.join(dir, ".prism"));
    expect(config.limits.messageBytes).toBe(4_194_304);
    expect(config.shutdownGraceMs).toBe(10_000);
    expect(config.namespaces.get("demo")).toEqual({
      name: "demo",
      pattern: "key-value",
      backend: "memory",
      needs: undefined,
      options: {},
      durability: undefined,
      timeoutMs: 5_000,
      quota: undefined,
      sizeLimits: noSizeLimits,
      declaration: { pattern: "key-value", backend: "memory" },
    });
    expect(config.backends.get("memory")).toMatchObject({
      replicas: { min: 1, max: 1 },
      startTimeoutMs: 10_000,
      drainTimeoutMs: 10_000,
    });
    expect(config.backends.get("memory")?.program).toMatchObject({
      command: [path.join(dir, "node_modules/@prism-data/plugin-memstore/main.js")],
      isScript: true,
      package: { name: "@prism-data/plugin-memstore", version: "1.2.3" },
    });
  });

  test("prefers flags over the environment over the file", async () => {
    const text = `${smallest}listen: 127.0.0.1:1\nadmin: { listen: "127.0.0.1:2" }\ndata_dir: ./a\nlog: { level: warn }`;
    const config = await load(text, {
      environment: { PRISM_LISTEN: "127.0.0.1:10", PRISM_ADMIN_LISTEN: "[::1]:20", PRISM_STRICT_START: "true" },
      flags: { listen: "127.0.0.1:100" },
    });
    expect(config.listen.port).toBe(100);
    expect(config.admin.listen).toEqual({ host: "::1", port: 20 });
    expect(config.strictStart).toBe(true);
    expect(config.log.level).toBe("warn");
  });

  test("takes secrets from the environment and from files, and never shows them", async () => {
    await writeFile(path.join(dir, "password"), "from a file\n");
    const config = await load(
      `backends:
  memory: { plugin: memstore, settings: { a: "\${env:SECRET}", b: ["\${file:./password}"], c: "$\${env:SECRET}", d: 1 } }`,
      { environment: { SECRET: "from the environment" } },
    );
    const settings = config.backends.get("memory")?.settings;
    expect(settings?.reveal()).toEqual({
      a: "from the environment",
      b: ["from a file"],
      c: reference("env:SECRET"),
      d: 1,
    });
    expect(inspect(config, { depth: 10 }) + JSON.stringify([...config.backends])).not.toContain("from");
    expect(config.sources).toEqual([path.join(dir, "prism.yaml"), path.join(dir, "password")]);
  });

  test("finds plugins among those that ship with Prism, after the operator's own", async () => {
    await mkdir(path.join(dir, "empty"));
    const shipped = new URL(`file://${dir}/cli/dist/index.js`).href;
    const config = await load(undefined, { workingDir: path.join(dir, "empty"), shippedPluginBases: [shipped] });
    expect(config.backends.get("memory")?.program.package?.name).toBe("@prism-data/plugin-memstore");
  });

  test("takes any namespace name without control characters", async () => {
    const names = ["a:b", "käse 🧀", "constructor", "%_*\\", "x".repeat(128)];
    const entries = names.map((name) => `  ${JSON.stringify(name)}: { pattern: key-value, backend: memory }`);
    const config = await load(`backends: { memory: { plugin: memstore } }\nnamespaces:\n${entries.join("\n")}`);
    expect([...config.namespaces.keys()]).toEqual(names);
  });

  test("takes a command relative to the file", async () => {
    await writeFile(path.join(dir, "own"), "#!/bin/sh\n", { mode: 0o755 });
    const config = await load("backends: { own: { command: [./own, --verbose] } }", { file: "prism.yaml" });
    expect(config.backends.get("own")?.program.command).toEqual([path.join(dir, "own"), "--verbose"]);
    expect(config.backends.get("own")?.plugin).toBe("./own --verbose");
  });
});

describe("a configuration that cannot be used", () => {
  test("is told with all of its mistakes at once, in the order of the file", async () => {
    const problems = await problemsOf(`
lisen: 127.0.0.1:8980
backends:
  memory: { plugin: memstore, start_timeout: 5 seconds }
  cache: { plugin: redis, settings: { password: "\${env:REDIS_PASSWORD}" } }
namespaces:
  demo: { pattern: key-value, backend: memmory }
  other: { pattern: keyvalue, backend: memory, timeout: 2h }
`);
    expect(problems).toEqual([
      '2:1 lisen: is not a known key; did you mean "listen"?',
      "4:31 backends.memory.start_timeout: must be written like 250ms, 5s or 24h",
      expect.stringMatching(
        /^5:12 backends\.cache\.plugin: no plugin "redis" is installed .* npm install prism-plugin-redis$/,
      ),
      "5:39 backends.cache.settings.password: the environment variable REDIS_PASSWORD is not set",
      '7:31 namespaces.demo.backend: no backend "memmory" is configured; did you mean "memory"?',
      '8:12 namespaces.other.pattern: "keyvalue" is not a pattern; did you mean "key-value"?',
      "8:48 namespaces.other.timeout: must be from 1ms to 1h",
    ]);
  });

  test.each([
    [
      "a key that is too far from all",
      "zzzzzz: 1",
      /^1:1 zzzzzz: is not a known key; there are: listen, tls, allow_plaintext, admin, /,
    ],
    [
      "a misspelt key deep down",
      "backends: { memory: { plugn: memstore } }",
      /plugn: is not a known key; did you mean "plugin"\?/,
    ],
    ["a wrong type", "namespaces: []", /^1:1 namespaces: must be a map, not a list$/],
    ["a duration without a unit", "shutdown_grace: 5", /shutdown_grace: must be written like 250ms, 5s or 24h$/],
    ["a port without a host", "listen: 8980", /listen: must be HOST:PORT/],
    ["a missing key", "namespaces: { demo: { pattern: key-value } }", /namespaces\.demo\.backend: is required/],
    ["a port out of range", "listen: 127.0.0.1:70000", /listen: must be HOST:PORT with a port from 0 to 65535/],
    ["an address without a port", "listen: localhost", /listen: must be HOST:PORT/],
    [
      "the same address twice",
      "listen: 127.0.0.1:9\nadmin: { listen: 127.0.0.1:9 }",
      /admin\.listen: is the same address as listen/,
    ],
    [
      "a backend without a plugin",
      "backends: { a: {} }",
      /backends\.a: needs a plugin, such as plugin: redis, or a command/,
    ],
    [
      "a backend with both",
      "backends: { a: { plugin: memstore, command: [x] } }",
      /backends\.a: has both a plugin and a command/,
    ],
    [
      "a command that is not there",
      "backends: { a: { command: [./nothing] } }",
      /command: there is no file .*\/nothing$/,
    ],
    [
      "a name that no package has",
      "backends: { a: { plugin: ../x } }",
      /plugin: "\.\.\/x" is not a name that an npm package can have/,
    ],
    [
      "a backend's name",
      "backends: { 'a b': { plugin: memstore } }",
      /backends\."a b": a backend's name is 1 to 64 letters/,
    ],
    ["a namespace's name", 'namespaces: { "a\\tb": { pattern: key-value, backend: m } }', /has no control characters/],
    ["an empty namespace's name", 'namespaces: { "": { pattern: key-value, backend: m } }', /1 to 128 bytes long/],
    [
      "JavaScript's own name",
      "namespaces: { __proto__: { pattern: key-value, backend: m } }",
      /__proto__ cannot be a name/,
    ],
    [
      "a need that the plugin lacks",
      `${smallest.replace("backend: memory", "backend: memory, needs: [tll]")}`,
      /needs\[0\]: the plugin of backend "memory" does not have "tll"; did you mean "ttl"\?/,
    ],
    [
      "a limit on what it holds, which the plugin cannot count",
      `${smallest.replace("backend: memory", "backend: memory, limits: { storage_size: 1MiB }")}`,
      /^3:\d+ namespaces\.demo\.limits\.storage_size: the plugin of backend "memory" cannot count what/,
    ],
    [
      "more durability than the plugin ever gives",
      `${smallest.replace("backend: memory", "backend: memory, durability: disk")}`,
      /^3:\d+ namespaces\.demo\.durability: the plugin of backend "memory" keeps nothing beyond its own process/,
    ],
    [
      "several processes of a plugin that keeps state in its own",
      `${smallest.replace("plugin: memstore", "plugin: memstore, replicas: { min: 1, max: 2 }")}`,
      /backends\.memory\.replicas: the plugin keeps state in its process, so that only one may serve a backend/,
    ],
    [
      "more processes than one proxy can keep busy",
      `${smallest.replace("plugin: memstore", "plugin: memstore, replicas: 17")}`,
      /backends\.memory\.replicas: must be from 1 to 16/,
    ],
    [
      "an option of a pattern that takes none",
      `${smallest.replace("backend: memory", "backend: memory, options: { partitions: 4 }")}`,
      /^3:\d+ namespaces\.demo\.options\.partitions: is not an option; key-value takes none on this backend/,
    ],
    [
      "a misspelt option",
      `${onFiles("{ partition: 4 }")}`,
      /namespaces\.demo\.options\.partition: is not a known key; did you mean "partitions"\?/,
    ],
    [
      "an option out of range",
      `${onFiles("{ partitions: 65 }")}`,
      /namespaces\.demo\.options\.partitions: Too big: expected number to be <=64/,
    ],
    ["options that are no map", `${onFiles("[1]")}`, /namespaces\.demo\.options: must be a map, not a list/],
    [
      "a service of Prism's own",
      `${smallest}services: { prism.keyvalue.v1.KeyValueService: { backend: memory } }`,
      /it cannot be given to one backend/,
    ],
    [
      "a service's unknown backend",
      `${smallest}services: { acme.v1.Search: { backend: memry } }`,
      /services\."acme\.v1\.Search"\.backend: no backend "memry" is configured; did you mean "memory"\?/,
    ],
    [
      "a service's name",
      `${smallest}services: { "acme/Search": { backend: memory } }`,
      /must be a service's full name/,
    ],
    ["a size out of range", "limits: { message_size: 1GiB }", /limits\.message_size: must be from 1KiB to 64MiB/],
    ["a count out of range", "limits: { connections: 0 }", /limits\.connections: must be from 1 to 1000000/],
    [
      "an unknown level",
      "log: { level: verbose }",
      /log\.level: must be one of silent, error, warn, info, debug, trace/,
    ],
    [
      "a reference of an unknown kind",
      `data_dir: ${reference("evn:HOME")}`,
      /data_dir: \$\{evn:…\} is not a known reference, did you mean "env"\?/,
    ],
    [
      "a secret file that is not there",
      `data_dir: ${reference("file:./nothing")}`,
      /data_dir: cannot read the file .*\/nothing \(ENOENT\)/,
    ],
    ["an empty file", "", /^1:1 the file holds no configuration/],
    ["nothing but a comment", "# being edited\n", /^1:1 the file holds no configuration/],
    ["broken syntax", "listen: [1\nadmin: {", /^\d+:\d+ not YAML: /],
    ["a key that stands twice", "listen: 127.0.0.1:1\nlisten: 127.0.0.1:2", /^2:1 this key stands twice/],
    [
      "a service that the plugin does not serve",
      `${smallest}services: { acme.v1.Serch: { backend: memory } }`,
      /services\."acme\.v1\.Serch": the plugin of backend "memory" does not serve it; did you mean "acme.v1.Search"\?/,
    ],
    [
      "a misspelt setting",
      "backends: { files: { plugin: sqlite, settings: { pth: ./a.db } } }",
      /^1:50 backends\.files\.settings\.pth: is not a known key; did you mean "path"\?$/,
    ],
    ["a text instead of a map", "hello", /must be a map, not text/],
  ])("names %s", async (_, text, message) => {
    expect((await problemsOf(text)).join("\n")).toMatch(message);
  });

  test("that was named must be there", async () => {
    expect(await problemsOf(undefined, { file: "other.yaml" })).toEqual([
      "there is no such file; name another with -c FILE",
    ]);
  });

  test("names the flag or variable that carried a wrong value", async () => {
    const problems = await problemsOf(smallest, { environment: { PRISM_ADMIN_LISTEN: "x" }, flags: { listen: "y" } });
    expect(problems.map((line) => line.split(": ")[0])).toEqual([
      "--listen (listen)",
      "PRISM_ADMIN_LISTEN (admin.listen)",
    ]);
  });

  test("suggests an installed plugin for a misspelt one", async () => {
    expect(await problemsOf("backends: { a: { plugin: memstor } }")).toEqual([
      expect.stringContaining('no plugin "memstor" is installed; did you mean "memstore"?'),
    ]);
  });

  test("names a package that is not a plugin, or not built", async () => {
    const folder = path.join(dir, "node_modules/prism-plugin-half");
    await mkdir(folder, { recursive: true });
    await writeFile(
      path.join(folder, "package.json"),
      JSON.stringify({ name: "prism-plugin-half", bin: { a: "./x.js" } }),
    );
    await mkdir(path.join(dir, "linked"), { recursive: true });
    await writeFile(path.join(dir, "linked/package.json"), JSON.stringify({ name: "plain" }));
    await symlink(path.join(dir, "linked"), path.join(dir, "node_modules/prism-plugin-plain"));
    const problems = await problemsOf("backends: { half: { plugin: half }, plain: { plugin: prism-plugin-plain } }");
    expect(problems).toEqual([
      expect.stringContaining('names ./x.js as its "bin", but there is no such file: is the package built?'),
      expect.stringContaining('names no "bin", so there is nothing to start'),
    ]);
  });
});
