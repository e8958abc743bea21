import type { ControlSnapshot, StoredNamespace } from "@prism-data/proxy";
import type { Command } from "commander";
import type { CommandContext } from "../../invocation.js";
import { jsonLine } from "../../json-line.js";
import { textTable } from "../../text-table.js";
import { addStateOptions, type StateOptions, withStoredState } from "./stored-state.js";

interface Options extends StateOptions {
  readonly json?: boolean;
}

/** A control state, and where it is. */
interface Shown extends ControlSnapshot {
  readonly place: string;
}

/** `prism control show`: what is stored. */
export function addShow(control: Command, context: CommandContext): void {
  const command = control.command("show").description("show where the control state is and what is in it");
  addStateOptions(command)
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Shows what is stored, whether a proxy runs or not; namespaces of prism.yaml are not part of it.

Examples:
  prism control show
  prism control show -c /etc/prism/prism.yaml --json`,
    )
    .action(async (options: Options) => {
      const shown = await withStoredState(options, context, async (state) => ({
        place: state.place,
        ...(await state.read()),
      }));
      await context.stdout.write(options.json ? jsonLine(shownJson(shown)) : formatShown(shown));
    });
}

function shownJson({ place, revision, namespaces, disabledBackends }: Shown) {
  const disabled = disabledBackends.map(({ name, reason, disableTimeMs }) => ({
    name,
    reason,
    disable_time: instant(disableTimeMs),
  }));
  return { place, revision, namespaces: namespaces.map(namespaceJson), disabled_backends: disabled };
}

function namespaceJson({ name, entry, schema, etag, createTimeMs, updateTimeMs, deletion }: StoredNamespace) {
  return {
    name,
    entry,
    ...(schema && { message: schema.message }),
    etag,
    create_time: instant(createTimeMs),
    update_time: instant(updateTimeMs),
    ...(deletion && {
      delete_time: instant(deletion.deleteTimeMs),
      purge_time: instant(deletion.purgeTimeMs),
      deletes_data: deletion.deletesData,
    }),
  };
}

function formatShown({ disabledBackends, ...shown }: Shown): string {
  const disabled = disabledBackends.map(({ name, reason, disableTimeMs }) => {
    const why = reason === "" ? "" : `: ${reason}`;
    return `backend ${name} is disabled since ${instant(disableTimeMs)}${why}\n`;
  });
  return `${formatNamespaces(shown)}${disabled.join("")}`;
}

function formatNamespaces({ place, namespaces }: Pick<Shown, "place" | "namespaces">): string {
  if (namespaces.length === 0) return `${place}: nothing is declared over the admin API\n`;
  const head = ["NAMESPACE", "PATTERN", "BACKEND", "CHANGED", "STATE"];
  const rows = namespaces.map((namespace) => [
    namespace.name,
    String(namespace.entry.pattern ?? "-"),
    String(namespace.entry.backend ?? "-"),
    instant(namespace.updateTimeMs),
    stateOf(namespace),
  ]);
  return `${place}\n${textTable([head, ...rows])}`;
}

function stateOf({ deletion }: StoredNamespace): string {
  if (deletion === undefined) return "declared";
  const data = deletion.deletesData ? ", then its data goes too" : "";
  return `deleted; can be restored until ${instant(deletion.purgeTimeMs)}${data}`;
}

function instant(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
