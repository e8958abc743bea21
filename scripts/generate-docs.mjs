// Writes the pages that come from the code: docs/errors.md, docs/config.md, and the plugin shown in docs/writing-a-plugin.md.
// With --check, writes nothing and fails when a page is not what the code says.
import { readFileSync, writeFileSync } from "node:fs";
import { reasons } from "../packages/pattern-sdk/dist/index.js";
import { configReference } from "../packages/proxy/dist/index.js";

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
[examples/quickstart](../examples/quickstart) has a file with comments.

${configReference()}`;
}

function authorsPage() {
  const block = /```js file=(\S+)\n[\s\S]*?```/g;
  return read("docs/writing-a-plugin.md").replace(block, (_, file) => `\`\`\`js file=${file}\n${read(file)}\`\`\``);
}

const pages = {
  "docs/errors.md": errorsPage(),
  "docs/config.md": configPage(),
  "docs/writing-a-plugin.md": authorsPage(),
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
    process.exit(1);
  }
} else {
  for (const page of stale) writeFileSync(new URL(page, root), pages[page]);
}
