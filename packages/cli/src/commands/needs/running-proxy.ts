import path from "node:path";
import type { adminv1 } from "@prism-data/pattern-sdk/protocol";
import type { AppNeeds } from "@prism-data/planner";
import { AdminClient } from "../../admin-client.js";
import { CommandFailure } from "../../command-failure.js";
import { ExitCode } from "../../exit-code.js";
import type { CommandContext, Invocation } from "../../invocation.js";
import { jsonLine } from "../../json-line.js";
import { connectToAdmin } from "../../proxy-options.js";
import { changesOf } from "./changes.js";
import type { NeedsOptions } from "./needs-plan.js";
import { formatPlan, planJson } from "./plan-report.js";
import { readNeeds } from "./read-needs.js";

/** Lets a running proxy plan for what it has. */
export async function planAtProxy(
  file: string,
  options: NeedsOptions,
  invocation: Invocation,
): Promise<adminv1.NeedsPlan> {
  await using connection = await connectToAdmin(options, invocation);
  return await planned(new AdminClient(connection), await requestOf(file, options, invocation));
}

/** Lets a running proxy do what its plan says, whole or not at all; what has changed since the plan makes it stale. */
export async function applyAtProxy(file: string, options: NeedsOptions, context: CommandContext): Promise<void> {
  await using connection = await connectToAdmin(options, context);
  const client = new AdminClient(connection);
  const request = await requestOf(file, options, context);
  const plan = await planned(client, request);
  const changed = changesOf(plan).map(({ namespace }) => namespace);
  const made = changed.length === 0 ? [] : (await client.applyNeeds({ ...request, etag: plan.etag })).namespaces;
  const states = made
    .filter(({ name }) => changed.includes(name))
    .map(({ name, state, detail }) => ({ namespace: name, state, detail }));
  const lines = states.map(
    ({ namespace, state, detail }) => `${namespace} is ${detail === "" ? state : `${state}: ${detail}`}\n`,
  );
  const outcome = changed.length === 0 ? "the proxy is as it should be\n" : lines.join("");
  await context.stdout.write(options.json ? jsonLine({ ...planJson(plan), states }) : `${formatPlan(plan)}${outcome}`);
}

async function requestOf(
  file: string,
  { allowDataLoss = false, allowSchemaBreaking = false }: NeedsOptions,
  { workingDir }: Invocation,
): Promise<adminv1.PlanNeedsRequest> {
  const form = formOf(await readNeeds(path.resolve(workingDir, file)));
  return { needs: { form }, allowDataLoss, allowSchemaBreaking };
}

function formOf(needs: AppNeeds): adminv1.AppNeeds["form"] {
  if (needs.kind === "descriptors") return { $case: "descriptorSet", value: needs.bytes };
  if (needs.kind === "written") return { $case: "written", value: (needs.tree ?? {}) as Record<string, unknown> };
  const files = needs.protos.map(({ file, text }) => ({ name: file, text }));
  return { $case: "protos", value: { files } };
}

/** Needs that are wrong are wrong usage, whoever finds that out. */
async function planned(client: AdminClient, request: adminv1.PlanNeedsRequest): Promise<adminv1.NeedsPlan> {
  try {
    return await client.planNeeds(request);
  } catch (error) {
    if (!(error instanceof CommandFailure) || error.facts.reason !== "INVALID_FIELD") throw error;
    throw new CommandFailure(ExitCode.usage, error.message, { facts: error.facts, cause: error });
  }
}
