import { type adminv1, durabilityOfWire, type pluginv1 } from "@prism-data/pattern-sdk/protocol";
import type { NamespaceEntry, Offer, OfferedPattern, PlannedNamespace } from "@prism-data/planner";
import { AdminClient, emptyNamespace } from "../../admin-client.js";
import type { CommandContext, Invocation } from "../../invocation.js";
import { jsonLine } from "../../json-line.js";
import { connectToAdmin } from "../../proxy-options.js";
import { changesOf } from "./changes.js";
import { makePlan, type NeedsOptions, type NeedsPlan, type Surroundings } from "./needs-plan.js";
import { formatPlan, planJson } from "./plan-report.js";

/** What plans decide of a declaration; the rest of it stays as it is. */
const plannedKeys = ["pattern", "backend", "needs", "durability", "options", "limits", "pin"] as const;

/** Plans for what a running proxy has. */
export async function planAtProxy(file: string, options: NeedsOptions, invocation: Invocation): Promise<NeedsPlan> {
  await using connection = await connectToAdmin(options, invocation);
  const proxy = await RunningProxy.read(new AdminClient(connection));
  return await makePlan(file, options, invocation, async () => proxy.surroundings);
}

/** Does at a running proxy what the plan says, whole or not at all; what has changed since the plan makes it stale. */
export async function applyAtProxy(file: string, options: NeedsOptions, context: CommandContext): Promise<void> {
  await using connection = await connectToAdmin(options, context);
  const client = new AdminClient(connection);
  const proxy = await RunningProxy.read(client);
  const plan = await makePlan(file, options, context, async () => proxy.surroundings);
  const changed = changesOf(plan);
  const namespaces = changed.map((one) => proxy.changed(one));
  const allowDataLoss = options.allowDataLoss ?? false;
  const answer =
    namespaces.length === 0
      ? []
      : (await client.applyNamespaces({ namespaces, validateOnly: false, allowDataLoss, exact: true })).namespaces;
  const states = answer.map(({ name, state, detail }) => ({ namespace: name, state, detail }));
  const lines = states.map(
    ({ namespace, state, detail }) => `${namespace} is ${detail === "" ? state : `${state}: ${detail}`}\n`,
  );
  const outcome = changed.length === 0 ? "the proxy is as it should be\n" : lines.join("");
  await context.stdout.write(options.json ? jsonLine({ ...planJson(plan), states }) : `${formatPlan(plan)}${outcome}`);
}

/** What a running proxy has, as of one moment. */
class RunningProxy {
  readonly surroundings: Surroundings;
  readonly #namespaces: ReadonlyMap<string, adminv1.Namespace>;

  private constructor(offers: readonly Offer[], namespaces: readonly adminv1.Namespace[]) {
    this.#namespaces = new Map(namespaces.map((namespace) => [namespace.name, namespace]));
    const entries = namespaces.map(({ name, declaration = {} }) => [name, plannedPart(declaration)] as const);
    this.surroundings = { offers, namespaces: new Map(entries) };
  }

  static async read(client: AdminClient): Promise<RunningProxy> {
    const { backends } = await client.listBackends();
    const described = backends.map(async ({ name }) => offerOf(await client.describeBackend(name)));
    const [offers, namespaces] = await Promise.all([Promise.all(described), client.listNamespaces(false)]);
    return new RunningProxy(offers, namespaces);
  }

  /** The namespace as the plan has it, on the state that the plan was made for. */
  changed({ needs: { namespace: name }, entry }: PlannedNamespace): adminv1.Namespace {
    const { etag = "", declaration = {} } = this.#namespaces.get(name) ?? {};
    const others = Object.entries(declaration).filter(([key]) => !plannedKeys.some((planned) => planned === key));
    return { ...emptyNamespace, name, etag, declaration: { ...Object.fromEntries(others), ...entry } };
  }
}

function plannedPart(declaration: { readonly [key: string]: unknown }): NamespaceEntry {
  const entries = Object.entries(declaration).filter(([key]) => plannedKeys.some((planned) => planned === key));
  return Object.fromEntries(entries) as unknown as NamespaceEntry;
}

function offerOf({ backend, plugin }: adminv1.DescribeBackendResponse): Offer {
  const patterns = plugin && new Map(plugin.patterns.map((each) => [each.pattern, offeredOf(each, plugin)]));
  return { backend: backend?.name ?? "", plugin: plugin?.name ?? backend?.plugin ?? "", patterns };
}

function offeredOf(
  { capabilities, durability, limits }: pluginv1.PatternDescription,
  plugin: pluginv1.DescribeResponse,
): OfferedPattern {
  const itemBytesMax = limits.payload_bytes_max ?? limits.value_bytes_max;
  return {
    capabilities,
    durability: durabilityOfWire(durability) ?? durabilityOfWire(plugin.durability),
    itemBytesMax: itemBytesMax === undefined ? undefined : Number(itemBytesMax),
  };
}
