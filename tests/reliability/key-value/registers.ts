import type { Operation } from "../history.ts";
import type { Finding, Verdict } from "../verdict.ts";
import { judgeRegisters, type RegisterOperation } from "./judge-registers.ts";

/** What an app does with one key. An empty value stands for no value. */
export type RegisterCall =
  | { readonly kind: "read"; readonly key: string }
  | { readonly kind: "write"; readonly key: string; readonly value: string; readonly expected?: string };

/** One such call; a read answers with the value. */
export type RegisterStep = Operation<RegisterCall, string>;

/** Checks that each key behaved as one register that is read, written, and compared and set, each at one instant of its call. */
export async function checkRegisters(steps: readonly RegisterStep[]): Promise<Verdict> {
  const byKey = Map.groupBy(steps, ({ input }) => input.key);
  const histories = [...byKey.values()].map((all) => all.flatMap(registerOperation));
  const verdicts = await judgeRegisters(histories);
  const lost = [...byKey].flatMap(([key, all], index): Finding[] => {
    const verdict = verdicts[index];
    if (verdict === "ok") return [];
    return [
      { atMs: all[0]?.startMs ?? 0, what: `the history of ${key} is ${verdict}: ${JSON.stringify(histories[index])}` },
    ];
  });
  const written = steps.filter(({ input, ending }) => input.kind === "write" && ending.kind === "done");
  const acknowledged = written.map(({ endMs, input }) => ({ atMs: endMs, what: input.key }));
  return { acknowledged, lost, duplicated: [], wrong: [] };
}

/** A read without an answer tells nothing. */
function registerOperation({ process, startMs, endMs, input, ending }: RegisterStep): RegisterOperation[] {
  const when = { process, startMs, endMs };
  if (input.kind === "write") {
    const outcome = ending.kind === "done" ? "ok" : ending.kind;
    return [{ ...when, outcome, kind: "write", value: input.value, expected: input.expected }];
  }
  return ending.kind === "done" ? [{ ...when, outcome: "ok", kind: "read", value: ending.output }] : [];
}
