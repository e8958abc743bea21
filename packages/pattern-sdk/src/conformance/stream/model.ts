import assert from "node:assert/strict";
import type { Arbitrary } from "fast-check";
import { messageOf } from "../messaging/messages.js";
import { type FastCheck, runRandomSteps } from "../random-runs.js";
import { casesOf } from "./stream-case.js";
import { StreamModel } from "./stream-model.js";
import type { StreamSubject } from "./stream-subject.js";

const partitions = 3;
const keys = ["", "a", "b", "c", "d", "ключ"];
const groups = ["g", "h"];

type Step =
  | { readonly kind: "append"; readonly keys: readonly string[] }
  | { readonly kind: "read"; readonly partition: number; readonly skip: number; readonly limit: number }
  | { readonly kind: "read all" }
  | { readonly kind: "consume"; readonly group: string; readonly take: number; readonly commit: number }
  | { readonly kind: "describe"; readonly group: string };

export const modelCases = casesOf("model", [], {
  "random calls, one after the other, answer as a plain list does": async (_, subject) => {
    const declared = new Set<string>(subject.definition.patterns.stream?.capabilities);
    const hasGroups = declared.has("groups");
    const count = declared.has("partitions") ? partitions : 1;
    await runRandomSteps(
      (fc) => stepOf(fc, hasGroups),
      (steps) => runSteps(steps, subject, count),
    );
  },
});

function stepOf(fc: FastCheck, hasGroups: boolean): Arbitrary<Step> {
  const group = fc.constantFrom(...groups);
  const append = fc.record({
    kind: fc.constant("append" as const),
    keys: fc.array(fc.constantFrom(...keys), { minLength: 1, maxLength: 12 }),
  });
  const read = fc.record({
    kind: fc.constant("read" as const),
    partition: fc.nat({ max: partitions - 1 }),
    skip: fc.nat({ max: 30 }),
    limit: fc.nat({ max: 20 }),
  });
  const readAll = fc.record({ kind: fc.constant("read all" as const) });
  const consume = fc.record({
    kind: fc.constant("consume" as const),
    group,
    take: fc.integer({ min: 1, max: 20 }),
    commit: fc.nat({ max: 20 }),
  });
  const describe = fc.record({ kind: fc.constant("describe" as const), group: hasGroups ? group : fc.constant("") });
  return fc.oneof<Arbitrary<Step>[]>(append, read, readAll, describe, ...(hasGroups ? [consume] : []));
}

async function runSteps(steps: readonly Step[], subject: StreamSubject, count: number): Promise<void> {
  const stream = await (count === 1 ? subject.namespace() : subject.partitioned(count));
  const model = new StreamModel(count);
  for (const [index, step] of steps.entries()) {
    const what = `step ${index}, ${step.kind}`;
    if (step.kind === "append") {
      const messages = step.keys.map((key, entry) =>
        messageOf({ id: `${index}.${entry}`, key, payload: `${index}.${entry}` }),
      );
      model.append(messages, await stream.appendAll(...messages));
    } else if (step.kind === "read") {
      const partition = step.partition % count;
      const offset = model.offsetOf(partition, step.skip);
      const read = { partition, limit: step.limit, ...(offset !== undefined && { from: { offset } }) };
      const ids = (await stream.readAll(read)).map(({ message }) => message!.id);
      assert.deepEqual(ids, model.ids(partition, { offset, limit: step.limit }), what);
    } else if (step.kind === "read all") {
      model.assertAll(await stream.readAll(), what);
    } else if (step.kind === "describe") {
      model.assertDescribes((await stream.describe(step.group)).partitions, step.group, what);
    } else {
      const expected = Math.min(step.take, model.uncommitted(step.group));
      const member = stream.consume(step.group, { recordsMax: step.take });
      await member.untilRecords(expected);
      const handled = member.records.slice(0, step.commit);
      model.assertConsumed(step.group, member.records, what);
      for (const record of handled) member.commit(record);
      await member.leave();
      model.commit(step.group, handled);
    }
  }
}
