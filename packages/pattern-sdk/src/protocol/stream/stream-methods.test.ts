import { describe, expect, test } from "vitest";
import { GatewayError } from "../../errors.js";
import type { RecordOutlet } from "../../patterns/stream/stream.js";
import { AppendStreamRequest, AppendStreamResponse, ReadRequest, ReadResponse } from "../gen/prism/stream/v1/stream.js";
import { readOfEverything, recordAt, runScripted, ScriptedCall, scripted } from "./scripted-stream.fixture.js";

const record = { id: "", key: "", headers: [], contentType: "", payload: new Uint8Array(0) };
const oneRecord = { namespace: "log", records: [record] };

describe("Read", () => {
  test("that follows and that the plugin ends by itself is a failure of the backend", async () => {
    await using tiny = await runScripted(scripted({ read: async () => {} }));
    using reading = new ScriptedCall(tiny, "Read", ReadResponse);
    reading.send(ReadRequest, readOfEverything);
    expect(await reading.failure()).toMatchObject({ reason: "BACKEND_FAILED" });
  });

  test("ends well when the limit is reached", async () => {
    const read = async (_: unknown, outlet: RecordOutlet) => {
      await outlet.room();
      outlet.send([recordAt(0, 1), recordAt(0, 2)]);
    };
    await using tiny = await runScripted(scripted({ read }));
    using reading = new ScriptedCall(tiny, "Read", ReadResponse);
    reading.send(ReadRequest, { ...readOfEverything, limit: 2n });
    expect((await reading.answer())?.records).toHaveLength(2);
    expect(await reading.answer()).toBeUndefined();
  });

  test("ends with what the plugin throws", async () => {
    const read = () => Promise.reject(new GatewayError("OFFSET_OUT_OF_RANGE", "It is gone."));
    await using tiny = await runScripted(scripted({ read }));
    using reading = new ScriptedCall(tiny, "Read", ReadResponse);
    reading.send(ReadRequest, readOfEverything);
    expect(await reading.failure()).toMatchObject({ reason: "OFFSET_OUT_OF_RANGE" });
  });

  test("ends when the namespace is unbound, also if the plugin does not listen", async () => {
    const begun = Promise.withResolvers<AbortSignal>();
    const read = (_: unknown, __: RecordOutlet, { signal }: { readonly signal: AbortSignal }) => {
      begun.resolve(signal);
      return new Promise<void>(() => {});
    };
    await using tiny = await runScripted(scripted({ read }));
    using reading = new ScriptedCall(tiny, "Read", ReadResponse);
    reading.send(ReadRequest, readOfEverything);
    const signal = await begun.promise;
    await tiny.contract.unbind({ namespace: "log", pattern: "stream", deleteData: false });
    expect(await reading.failure()).toMatchObject({ reason: "NAMESPACE_UNAVAILABLE" });
    expect(signal.aborted).toBe(true);
  });

  test("says that it has caught up once, however often the plugin does", async () => {
    const read = async (_: unknown, outlet: RecordOutlet) => {
      outlet.caughtUp();
      outlet.caughtUp();
    };
    await using tiny = await runScripted(scripted({ read }));
    using reading = new ScriptedCall(tiny, "Read", ReadResponse);
    reading.send(ReadRequest, { ...readOfEverything, follow: false });
    expect(await reading.answer()).toMatchObject({ records: [], caughtUp: true });
    expect(await reading.answer()).toBeUndefined();
  });
});

describe("AppendStream", () => {
  test("answers what it had begun when it is drained, and ends with DRAINING", async () => {
    const begun = Promise.withResolvers<void>();
    const appended = Promise.withResolvers<void>();
    const append = async () => {
      begun.resolve();
      await appended.promise;
      return [{ ok: true as const, result: { partition: 1, offset: 5n } }];
    };
    await using tiny = await runScripted(scripted({ append }));
    using appending = new ScriptedCall(tiny, "AppendStream", AppendStreamResponse);
    appending.send(AppendStreamRequest, oneRecord);
    await begun.promise;
    const drained = tiny.contract.drain({ grace: { seconds: 10n, nanos: 0 } });
    appended.resolve();
    expect((await appending.answer())?.outcomes).toEqual([
      { outcome: { $case: "position", value: { partition: 1, offset: 5n } } },
    ]);
    expect(await appending.failure()).toMatchObject({ reason: "DRAINING" });
    await drained;
  });

  test("says what became of each record", async () => {
    const full = new GatewayError("CAPACITY_EXHAUSTED", "There is no room.");
    const append = () => [
      { ok: true as const, result: { partition: 0, offset: 1n } },
      { ok: false as const, error: full },
    ];
    await using tiny = await runScripted(scripted({ append }));
    using appending = new ScriptedCall(tiny, "AppendStream", AppendStreamResponse);
    appending.send(AppendStreamRequest, { ...oneRecord, records: [record, record] });
    const { outcomes } = (await appending.answer())!;
    expect(outcomes.map(({ outcome }) => outcome?.$case)).toEqual(["position", "error"]);
    expect(outcomes[1]!.outcome).toMatchObject({ value: { message: "There is no room." } });
  });

  test("does not guess when the plugin answers for another number of records", async () => {
    await using tiny = await runScripted(scripted({ append: () => [] }));
    using appending = new ScriptedCall(tiny, "AppendStream", AppendStreamResponse);
    appending.send(AppendStreamRequest, oneRecord);
    expect(await appending.failure()).toMatchObject({ reason: "INTERNAL" });
  });
});
