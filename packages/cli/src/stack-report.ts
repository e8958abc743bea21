import type { StackOutcome, StackServer } from "@prism-data/local-servers";
import type { ExitCode } from "./exit-code.js";
import type { CommandContext } from "./invocation.js";
import { jsonLine } from "./json-line.js";
import { textTable } from "./text-table.js";

/** The servers as a table. */
export function stackTable(servers: readonly StackServer[]): string {
  const head = ["SERVER", "STATE", "ADDRESS", "VERSION", "PID", "DATA"];
  const rows = servers.map(({ name, state, url, version, pid, dataFolder }) => {
    const cells = [url, version, pid?.toString(), state === "absent" ? undefined : dataFolder];
    return [name, state, ...cells.map((cell) => cell ?? "-")];
  });
  return textTable([head, ...rows]);
}

/** The `backends` of a prism.yaml that uses these servers. */
export function stackBackends(servers: readonly StackServer[]): Record<string, object> {
  const running = servers.filter(({ state }) => state === "running");
  return Object.fromEntries(
    running.map(({ name, url }) => [name, { plugin: name, settings: settingsFor(name, url!) }]),
  );
}

/** What a plugin is told of where its server is. */
function settingsFor(name: string, url: string): object {
  return name === "kafka" ? { brokers: [url] } : { url };
}

/** The same as lines to be pasted. */
export function backendLines(backends: Record<string, object>): string {
  const entries = Object.entries(backends).map(([name, backend]) => `  ${name}: ${flowStyle(backend)}\n`);
  return entries.length === 0 ? "" : `backends:\n${entries.join("")}`;
}

function flowStyle(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flowStyle).join(", ")}]`;
  if (typeof value !== "object" || value === null)
    return /^\w+$/.test(String(value)) ? String(value) : JSON.stringify(value);
  const members = Object.entries(value).map(([name, member]) => `${name}: ${flowStyle(member)}`);
  return `{ ${members.join(", ")} }`;
}

/** Prints how it went with each server; the exit code is `failure` when it did not go well with one. */
export async function reportOutcomes(
  outcomes: readonly StackOutcome[],
  { json, failure }: { readonly json: boolean | undefined; readonly failure: ExitCode },
  context: CommandContext,
): Promise<void> {
  const servers = outcomes.map(({ server }) => server);
  const problems = outcomes.flatMap(({ server, problem }) =>
    problem === undefined ? [] : [{ server: server.name, problem }],
  );
  const backends = stackBackends(servers);
  if (problems.length > 0) context.finish(failure);
  if (json) return context.stdout.write(jsonLine({ servers, problems, backends }));
  await context.stdout.write(stackTable(servers));
  if (Object.keys(backends).length > 0) await context.stdout.write(`\nFor prism.yaml:\n\n${backendLines(backends)}`);
  for (const { server, problem } of problems) await context.stderr.write(`prism: ${server}: ${problem}\n`);
}
