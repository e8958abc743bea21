import assert from "node:assert/strict";
import { wireSizeLimits } from "../../protocol/wire-size-limits.js";
import { type ClientOf, type ConformanceCase, conformanceCases } from "../conformance-case.js";
import { expectFailure } from "../expect-failure.js";
import type { PatternSuite, SendSized } from "../pattern-suite.js";
import type { Subject } from "../subject.js";

const sizeLimits = { valueBytes: 100, batchEntries: 3 } as const;

/** What holds of what an operator allows requests to hold. */
export function sizeLimitCases<S extends Subject>({ sizedRequests, witness }: PatternSuite<S>): ConformanceCase<S>[] {
  return sizedRequests.flatMap(({ needs, values, batches }) => {
    const methods = Object.keys({ ...values, ...batches }).join(", ");
    return conformanceCases<S>("size limits", needs, {
      [`${methods}: what is over the namespace's limits is refused and changes nothing, until they are lifted`]: async (
        client,
        subject,
      ) => {
        const sized = [
          ...sendings<S>(values, { name: "limits.value_size", most: sizeLimits.valueBytes }),
          ...sendings<S>(batches, { name: "limits.batch_size", most: sizeLimits.batchEntries }),
        ];
        const assertUnchanged = await witness(client);
        const bound = await subject.bind(client.namespace, { sizeLimits });
        assert.deepEqual(bound.sizeLimits, wireSizeLimits(sizeLimits), "the limits that the plugin says it holds");
        for (const { method, send, limit } of sized) {
          const refused = await expectFailure(send(client, limit.most + 1), "SIZE_LIMIT_EXCEEDED");
          assert.equal(refused.metadata.limit, limit.name, `the limit that ${method} is over`);
          assert.equal(refused.retryAfterMs, undefined, `${method} is told when to come again, in vain`);
          const subjects = refused.quotaViolations.map((violation) => violation.subject);
          assert.deepEqual(subjects, [`namespace:${client.namespace}`], `the quota that ${method} violates`);
        }
        await assertUnchanged();
        for (const { send, limit } of sized) await send(client, limit.most);
        await subject.bind(client.namespace);
        for (const { send, limit } of sized) await send(client, limit.most + 1);
      },
    });
  });
}

function sendings<S extends Subject>(
  requests: Readonly<Record<string, SendSized<ClientOf<S>>>>,
  limit: { readonly name: string; readonly most: number },
) {
  return Object.entries(requests).map(([method, send]) => ({ method, send, limit }));
}
