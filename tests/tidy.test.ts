import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: root,
  encoding: "utf8",
})
  .split("\n")
  .filter((file) => file && existsSync(join(root, file)));
const read = (file: string) => readFileSync(join(root, file), "utf8");
const sources = files.filter((file) => /\.(ts|mjs|js)$/.test(file) && file !== "tests/tidy.test.ts");
const pages = files.filter((file) => file.endsWith(".md"));
const packages = readdirSync(join(root, "packages"));
const plugins = packages.filter((name) => name.startsWith("plugin-"));

describe("the repository", () => {
  test("holds no build products, backups or large files", () => {
    const products = files.filter((file) => /(^|\/)(dist|node_modules)\/|\.(orig|rej|bak|backup|log|tgz)$/.test(file));
    const large = files.filter((file) => statSync(join(root, file)).size > 512 * 1024);
    expect({ products, large }).toEqual({ products: [], large: [] });
  });

  test("has no open end without an issue, and no test that does not run", () => {
    const openEnds = sources.filter((file) => /\b(TODO(?!\(#\d)|FIXME|XXX)\b/.test(read(file)));
    const notRun = sources.filter((file) => /\b(it|test|describe)\.(only|skip|todo)\b/.test(read(file)));
    expect({ openEnds, notRun }).toEqual({ openEnds: [], notRun: [] });
  });

  test("has no folder named for a kind instead of a concept", () => {
    const named = files.filter((file) => /(^|\/)(interfaces|types|utils?|helpers?|common)\//.test(file));
    expect(named).toEqual([]);
  });

  test("touches process only where a process begins", () => {
    const entries =
      /(^|\/)(main|serve|model-run)\.ts$|\.test\.ts$|^tests\/|^packages\/.*\/testing\/|^scripts\/|^bench\/|\.config\.ts$|^examples\//;
    const touching = sources.filter(
      (file) =>
        !entries.test(file) &&
        /\bprocess\.(argv|env|exit|on|stdin)\b|import \{ env \} from "node:process"/.test(read(file)),
    );
    expect(touching).toEqual([]);
  });

  test.each(pages)("%s links only to what exists", (page) => {
    const targets = [...read(page).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map((match) => match[1] ?? "");
    const broken = targets.filter((target) => !existsSync(join(root, dirname(page), target)));
    expect(broken).toEqual([]);
  });

  test("names every package in ARCHITECTURE.md", () => {
    const map = read("ARCHITECTURE.md");
    const missing = packages.filter((name) => !map.includes(name));
    expect(missing).toEqual([]);
  });
});

test.each(packages)("%s explains each dependency in its README", (name) => {
  const { dependencies = {} } = JSON.parse(read(`packages/${name}/package.json`));
  const readme = read(`packages/${name}/README.md`);
  expect(Object.keys(dependencies).filter((dependency) => !readme.includes(dependency))).toEqual([]);
});

describe("every plugin", () => {
  const files = ["main.ts", "plugin.ts", "config.ts", "errors.ts", "conformance.test.ts"];

  test.each(plugins)("%s has the same files, and one for each of its patterns", (plugin) => {
    const { prism } = JSON.parse(read(`packages/${plugin}/package.json`));
    const ofPatterns = Object.keys(prism.patterns).map((pattern) => `${pattern}.ts`);
    const missing = [...files, ...ofPatterns].filter(
      (file) => !existsSync(join(root, "packages", plugin, "src", file)),
    );
    expect(missing).toEqual([]);
  });
});
