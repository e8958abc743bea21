// Puts each program and all it imports into few files, `bundle/` beside the package's `dist/`: Node.js needs about a millisecond for
// each module it loads, and Prism with its libraries is some 700 of them (docs/adr/0012-bundled-programs.md).
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
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

const packageFolders = readdirSync("packages").map((name) => join("packages", name));
await Promise.all(packageFolders.filter(hasProgram).map(bundle));

function hasProgram(folder) {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).bin !== undefined;
}

async function bundle(folder) {
  const outdir = join(folder, "bundle");
  const { metafile, outputFiles } = await build({
    entryPoints: globSync(join(folder, "dist/**/main.js")),
    outbase: join(folder, "dist"),
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
  for (const [name, contents] of files) replace(join(outdir, name), contents);
  const before = readdirSync(outdir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const stale = before
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !files.has(relative(outdir, path)));
  for (const path of stale) rmSync(path);
}

/** Somebody may run the file: what has not changed is left alone, and what has is there as a whole or not at all. */
function replace(path, contents) {
  if (existsSync(path) && readFileSync(path).equals(contents)) return;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, contents, { mode: 0o755 });
  renameSync(`${path}.new`, path);
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
