// Puts each program and all it imports into few files, `bundle/` beside the package's `dist/`: Node.js needs about a millisecond for
// each module it loads, and Prism with its libraries is some 700 of them (docs/adr/0012-bundled-programs.md).
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { build } from "esbuild";

/** What stays outside: native code, and what most who install Prism do not have. */
const external = ["better-sqlite3", "testcontainers"];

/** CommonJS libraries call `require` for Node's own modules; an ES module has none. */
const banner = `import { createRequire as createBundleRequire } from "node:module";
const require = createBundleRequire(import.meta.url);`;

/** zod brings its messages in 60 languages, half of its size; Prism speaks English, which zod loads by itself. */
const onlyEnglish = {
  name: "only-english",
  setup({ onLoad }) {
    onLoad({ filter: /zod\/v4\/locales\/index\.js$/ }, () => ({
      contents: `export { default as en } from "./en.js";`,
    }));
  },
};

/** What V8 compiled is kept in this folder of the bundle by the first process that ends, for all that start after it. */
const cacheFolder = "compile-cache";

const packageFolders = readdirSync("packages").map((name) => join("packages", name));
await Promise.all(packageFolders.filter(hasProgram).map(bundle));

function hasProgram(folder) {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).bin !== undefined;
}

async function bundle(folder) {
  const outdir = join(folder, "bundle");
  const mains = globSync("**/main.js", { cwd: join(folder, "dist") });
  const { metafile, outputFiles } = await build({
    entryPoints: mains.map((main) => ({
      in: join(folder, "dist", main),
      out: programOf(main).slice(0, -".js".length),
    })),
    outdir,
    bundle: true,
    // What a command alone needs is loaded by that command.
    splitting: true,
    platform: "node",
    target: "node24",
    format: "esm",
    banner: { js: banner },
    external,
    plugins: [onlyEnglish],
    legalComments: "none",
    logLevel: "warning",
    metafile: true,
    write: false,
  });
  const files = new Map(outputFiles.map(({ path, contents }) => [relative(outdir, path), contents]));
  files.set("LICENSES.txt", Buffer.from(licensesOf(Object.keys(metafile.inputs))));
  for (const main of mains) files.set(main, Buffer.from(startOf(main)));
  const replaced = [...files].filter(([name, contents]) => replace(join(outdir, name), contents));
  if (replaced.length > 0) rmSync(join(outdir, cacheFolder), { recursive: true, force: true });
  const before = readdirSync(outdir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const stale = before
    .map((entry) => relative(outdir, join(entry.parentPath, entry.name)))
    .filter((name) => !files.has(name) && !name.startsWith(cacheFolder + sep));
  for (const name of stale) rmSync(join(outdir, name));
}

function programOf(main) {
  return join(dirname(main), "program.js");
}

/** A file of its own: what a module imports is compiled before the first line of it runs. */
function startOf(main) {
  const toCache = relative(dirname(main), cacheFolder).replaceAll(sep, "/");
  return `#!/usr/bin/env node
import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";
enableCompileCache(fileURLToPath(new URL("${toCache}", import.meta.url)));
await import("./program.js");
`;
}

/**
 * Somebody may run the file: what has not changed is left alone, and what has is there as a whole or not at all. Whether it has.
 */
function replace(path, contents) {
  if (existsSync(path) && readFileSync(path).equals(contents)) return false;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, contents, { mode: 0o755 });
  renameSync(`${path}.new`, path);
  return true;
}

/** The licences of the libraries in a bundle, which ask to travel with the code. */
function licensesOf(files) {
  const folders = new Set(
    files.map((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0]).filter(Boolean),
  );
  return [...folders].sort().map(licenseOf).join("\n");
}

function licenseOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  return `${name} ${version} (${license})\n\n${file === undefined ? "" : readFileSync(join(folder, file), "utf8")}\n`;
}
