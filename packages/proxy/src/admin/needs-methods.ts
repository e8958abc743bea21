import { adminv1 } from "@prism-data/pattern-sdk/protocol";
import type { AppNeeds, SchemaState } from "@prism-data/planner";
import type { DeclaredNamespaces } from "../control/declared-namespaces.js";
import type { NeedsPlanning } from "../planning/needs-planning.js";
import { type AdminMethod, unary } from "./admin-method.js";
import { invalidField } from "./invalid-field.js";
import { shownNamespace } from "./namespace-methods.js";

/** The methods of prism.admin.v1.AdminService about what apps need, by path. */
export function needsMethods(
  planning: NeedsPlanning,
  namespaces: DeclaredNamespaces,
): readonly [string, AdminMethod][] {
  return [
    unary("PlanNeeds", adminv1.PlanNeedsRequest, adminv1.PlanNeedsResponse, async ({ needs, ...consent }) => ({
      plan: await planning.plan(appNeeds(needs), consent),
    })),
    unary("ApplyNeeds", adminv1.ApplyNeedsRequest, adminv1.ApplyNeedsResponse, async ({ needs, ...options }) => {
      const { plan, changed } = await planning.apply(appNeeds(needs), options);
      const names = plan.namespaces.map(({ namespace }) => namespace);
      return { plan, namespaces: names.map((name) => shownNamespace(name, namespaces)), changed: [...changed] };
    }),
    unary(
      "GetNamespaceSchema",
      adminv1.GetNamespaceSchemaRequest,
      adminv1.GetNamespaceSchemaResponse,
      async ({ name }) => {
        shownNamespace(name, namespaces);
        return await schemaMessage(await planning.schemaOf(name));
      },
    ),
  ];
}

async function schemaMessage({ kept }: SchemaState): Promise<adminv1.GetNamespaceSchemaResponse> {
  if (kept === undefined) return { message: "", descriptorSet: new Uint8Array(), files: [] };
  const { schemaOfDescriptors, schemaTexts } = await import("@prism-data/planner");
  const files = schemaTexts(schemaOfDescriptors(kept.files)).map(({ file, text }) => ({ name: file, text }));
  return { message: kept.message, descriptorSet: kept.files, files };
}

function appNeeds(given: adminv1.AppNeeds | undefined): AppNeeds {
  const form = given?.form;
  switch (form?.$case) {
    case "protos":
      return { kind: "protos", protos: form.value.files.map(({ name, text }) => ({ file: name, text })) };
    case "descriptorSet":
      return { kind: "descriptors", bytes: form.value };
    case "written":
      return { kind: "written", tree: form.value };
    default:
      throw invalidField("needs", "has none of protos, descriptor_set and written; give one");
  }
}
