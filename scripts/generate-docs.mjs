// Writes the pages that come from the code: docs/admin-api.md, docs/errors.md, docs/config.md, the plugin shown in docs/writing-a-plugin.md, the
// limits there and in docs/transport.md; from the last `make conformance` docs/backends.md; from the last whole `make bench`
// docs/performance.md with its plots; and from the last `make reliability` docs/reliability.md. With --check, writes nothing and fails
// when a page is not what the code says, or a plugin declares what the last `make conformance` did not prove.
import { readFileSync, writeFileSync } from "node:fs";
import { capacityPlot } from "../bench/report/capacity-plot.mjs";
import { cpuPlot } from "../bench/report/cpu-plot.mjs";
import { performancePage } from "../bench/report/page.mjs";
import { ratePlot } from "../bench/report/rate-plot.mjs";
import { hasResults, readResults } from "../bench/results.mjs";
import { reasons } from "../packages/pattern-sdk/dist/index.js";
import { namedRanges } from "../packages/pattern-sdk/dist/patterns/bounds.js";
import { patternKinds } from "../packages/pattern-sdk/dist/patterns/pattern-kinds.js";
import { configReference } from "../packages/proxy/dist/index.js";
import { connectionLimits, unixSocketOptions } from "../packages/transport/dist/index.js";
import { reliabilityPage } from "../tests/reliability/page.mjs";
import * as reliability from "../tests/reliability/results.mjs";
import { adminApiPage } from "./admin-api-page.mjs";
import { backendsPage, unprovenCells } from "./backends/page.mjs";
import { readResults as readProvenBackends } from "./backends/results.mjs";

// All of them, by name.
const proxyLimits = await import("../packages/proxy/dist/data-path/limits.js");
const provenBackends = readProvenBackends();
const root = new URL("..", import.meta.url);
const read = (file) => readFileSync(new URL(file, root), "utf8");

function errorsPage() {
  const rows = Object.entries(reasons).map(
    ([reason, { code, source, retryable, description }]) =>
      `| \`${reason}\` | ${code} | ${source} | ${retryable ? "yes" : "no"} | ${description} |`,
  );
  return `# Errors

A failed call carries a gRPC status, and in \`grpc-status-details-bin\` a \`google.rpc.Status\` with one \`ErrorInfo\`: a reason from
this closed list, the domain \`prism.dev\`, and metadata that names what was concerned. \`BadRequest\` comes with errors about fields,
\`RetryInfo\` with UNAVAILABLE and RESOURCE_EXHAUSTED. HTTP/JSON has the same as \`{code, message, details[]}\`.

*Source* says who has to act. *Retry* says whether the same call, sent again unchanged, may succeed; a write that may have been
applied is safe to send again only with an idempotency token.

| reason | gRPC code | source | retry | means |
| --- | --- | --- | --- | --- |
${rows.join("\n")}
`;
}

function configPage() {
  return `# Configuration

Prism reads \`prism.yaml\` in the working folder, or the file that \`-c\` names; without either it runs on memory and SQLite.
Flags win over environment variables, those over the file, the file over the defaults. Durations are written 250ms, 5s, 24h;
sizes 64KiB, 4MiB. \`\${env:NAME}\` and \`\${file:path}\` stand for secrets anywhere in a value. An unknown key is a mistake;
\`prism check\` names all mistakes at once. A change of the file, or SIGHUP, is applied without a failed call on what stays the
same; a file with mistakes changes nothing, and the log, \`/readyz?verbose\` and \`prism_config_reloads_total\` say so.
[examples/quickstart](../examples/quickstart) has a file with comments;
[examples/prism.full.yaml](../examples/prism.full.yaml) uses every backend.

${configReference()}`;
}

function authorsPage() {
  const block = /```js file=(\S+)\n[\s\S]*?```/g;
  const withFiles = read("docs/writing-a-plugin.md").replace(
    block,
    (_, file) => `\`\`\`js file=${file}\n${read(file)}\`\`\``,
  );
  return withTables(withFiles, { "limits of patterns": patternLimitsTable });
}

function patternLimitsTable() {
  const rows = Object.entries(patternKinds).flatMap(([pattern, kind]) =>
    [...namedRanges(kind)].map(
      ([name, { default: value, means }]) => `| \`${name}\` | ${pattern} | ${value.toLocaleString("en")} | ${means} |`,
    ),
  );
  return ["| name | pattern | default | means |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

/** The page with each marked table made anew. */
function withTables(page, tables) {
  const marked = /<!-- generated: (.+?) -->\n[\s\S]*?<!-- end -->/g;
  return page.replace(marked, (_, name) => `<!-- generated: ${name} -->\n${tables[name]()}\n<!-- end -->`);
}

/** The value with its unit, which is the last word of the limit's name. */
function quantity(name, value) {
  if (typeof value === "object")
    return Object.entries(value)
      .map(([which, each]) => `${which} ${quantity(name, each)}`)
      .join(", ");
  if (value === 0) return "0";
  if (name.endsWith("Ms")) return value % 1000 === 0 ? `${value / 1000} s` : `${value} ms`;
  if (!/Bytes(Max|PerCallMax|OfOthersMax)?$/.test(name)) return value.toLocaleString("en");
  const mib = value / 2 ** 20;
  return mib >= 1 ? `${mib} MiB` : `${value / 2 ** 10} KiB`;
}

function connectionLimitsTable() {
  const rows = Object.entries(connectionLimits).map(([name, { value, reason }]) => {
    const overUnixSocket = unixSocketOptions[name] === undefined ? "" : quantity(name, unixSocketOptions[name]);
    return `| \`${name}\` | ${quantity(name, value)} | ${overUnixSocket} | ${reason} |`;
  });
  return ["| limit | default | plugins' socket | reason |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

/** A limit's comment is its reason. */
function proxyLimitsTable() {
  const constants = /\/\*\*((?:(?!\*\/)[\s\S])+)\*\/\nexport const (\w+) =/g;
  const rows = [...read("packages/proxy/src/data-path/limits.ts").matchAll(constants)].map(([, comment, name]) => {
    const reason = comment
      .replace(/\n? \* ?/g, " ")
      .replace(/\s+/g, " ")
      .trim();
    return `| \`${name}\` | ${quantity(name, proxyLimits[name])} | ${reason} |`;
  });
  return ["| limit | value | reason |", "| --- | --- | --- |", ...rows].join("\n");
}

function transportPage() {
  return withTables(read("docs/transport.md"), {
    "connection limits": connectionLimitsTable,
    "proxy limits": proxyLimitsTable,
  });
}

function performancePages(results) {
  const backends = hasResults("backends") ? readResults("backends") : undefined;
  return {
    "docs/performance.md": performancePage(results, backends),
    "docs/performance-cpu.svg": cpuPlot(results),
    "docs/performance-rate.svg": ratePlot(results),
  };
}

const pages = {
  "docs/backends.md": backendsPage(provenBackends),
  "docs/admin-api.md": adminApiPage(read("proto/prism/admin/v1/admin.proto")),
  "docs/errors.md": errorsPage(),
  "docs/config.md": configPage(),
  "docs/writing-a-plugin.md": authorsPage(),
  "docs/transport.md": transportPage(),
  ...(hasResults("data-path") ? performancePages(readResults("data-path")) : {}),
  ...(hasResults("capacity") ? { "docs/capacity.svg": capacityPlot(readResults("capacity")) } : {}),
  ...(reliability.hasResults() ? { "docs/reliability.md": reliabilityPage(reliability.readResults()) } : {}),
};
const stale = Object.keys(pages).filter((page) => {
  try {
    return read(page) !== pages[page];
  } catch {
    return true;
  }
});

if (process.argv.includes("--check")) {
  if (stale.length > 0) {
    process.stderr.write(`not what the code says: ${stale.join(", ")}; run: make docs\n`);
    process.exitCode = 1;
  }
  for (const { plugin, pattern } of unprovenCells(provenBackends)) {
    process.stderr.write(`not proven as it is declared: ${pattern} on ${plugin}; run: make conformance\n`);
    process.exitCode = 1;
  }
} else {
  for (const page of stale) writeFileSync(new URL(page, root), pages[page]);
}
