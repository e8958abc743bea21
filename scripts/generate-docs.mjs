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

function authorsPage() {
  const block = /```js file=(\S+)\n[\s\S]*?```/g;
  return read("docs/writing-a-plugin.md").replace(block, (_, file) => `\`\`\`js file=${file}\n${read(file)}\`\`\``);
}

const pages = {
  "docs/errors.md": errorsPage(),
  "docs/config.md": configReference(),
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
