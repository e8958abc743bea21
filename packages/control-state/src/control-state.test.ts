import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type ControlState,
  ControlStateError,
  type ControlStateLocation,
  openControlState,
  type StoredNamespace,
  type Write,
} from "./index.js";
import { heard } from "./testing/heard.js";
import { type Place, places } from "./testing/places.js";

const entry = { pattern: "key-value", backend: "memory", limits: { calls_per_second: 100 } };
const schema = { message: "acme.Order", files: new Uint8Array([0, 1, 254, 255]) };
const purgeTimeMs = 9_000;

const put = (name: string, etag?: string): Write => ({ kind: "put", name, entry, etag });
const deleteOf = ({ name, etag }: StoredNamespace): Write => ({
  kind: "delete",
  name,
  etag,
  purgeTimeMs,
  deletesData: true,
});

describe.each(Object.entries(places))("a control state in %s", (_, makePlace) => {
  let place: Place;
  let nowMs: number;
  const opened: ControlState[] = [];

  beforeEach(async () => {
    place = await makePlace();
    nowMs = 1_000;
  });

  afterEach(async () => {
    for (const state of opened.splice(0)) await state[Symbol.asyncDispose]();
    await place[Symbol.asyncDispose]();
  });

  async function open(location: ControlStateLocation = place.location): Promise<ControlState> {
    const state = await openControlState(location, { log: { info() {}, warn() {} }, now: () => nowMs });
    opened.push(state);
    return state;
  }

  /** Writes one and answers it. */
  async function writeOne(state: ControlState, write: Write): Promise<StoredNamespace> {
    return (await state.write([write])).namespaces[0]!;
  }

  test("is empty at first", async () => {
    const state = await open();
    expect(state.reachability).toEqual({ isReachable: true });
    expect((await state.read()).namespaces).toEqual([]);
  });

  test("keeps what was declared, through another opening", async () => {
    const state = await open();
    const names = ["b", "a", "ä", 'quote"\\', "a/b", "𝒜"];
    for (const name of names) await state.write([{ ...put(name), schema } as Write]);
    await state[Symbol.asyncDispose]();
    const { namespaces } = await (await open()).read();
    expect(namespaces.map(({ name }) => name)).toEqual(["a", "a/b", "b", 'quote"\\', "ä", "𝒜"]);
    expect(namespaces[0]).toMatchObject({ name: "a", entry, createTimeMs: 1_000, updateTimeMs: 1_000 });
    expect(namespaces[0]!.schema!.message).toBe(schema.message);
    expect([...namespaces[0]!.schema!.files]).toEqual([...schema.files]);
  });

  test("keeps the order of an entry's keys, and every character in it", async () => {
    const state = await open();
    const odd = { z: 1, a: "\u0000\ud834\udd1e", 5: [null, true, 1.5e300] };
    await state.write([{ kind: "put", name: "a", entry: odd, etag: undefined }]);
    const [stored] = (await state.read()).namespaces;
    expect(JSON.stringify(stored!.entry)).toBe(JSON.stringify(odd));
  });

  test("keeps which backends are out of service, through another opening, and tells others of it", async () => {
    const [state, other] = [await open(), await open()];
    const { revision } = await state.read();
    const told = heard(other);
    await state.switchBackend("files", { reason: "the disk is full" });
    await state.switchBackend("cache", { reason: "" });
    await expect.poll(async () => (await other.read()).disabledBackends).toHaveLength(2);
    await expect.poll(() => told.revisions.length).toBeGreaterThan(0);
    await state[Symbol.asyncDispose]();
    const again = await open();
    const stored = await again.read();
    expect(stored.revision).not.toBe(revision);
    expect(stored.disabledBackends).toEqual([
      { name: "cache", reason: "", disableTimeMs: 1_000 },
      { name: "files", reason: "the disk is full", disableTimeMs: 1_000 },
    ]);
    await again.switchBackend("files", undefined);
    await again.switchBackend("files", undefined);
    expect((await again.read()).disabledBackends.map(({ name }) => name)).toEqual(["cache"]);
  });

  test("of the first version gets what it has not, and keeps what it has", async () => {
    const state = await open();
    await state.write([put("a")]);
    await state[Symbol.asyncDispose]();
    await place.becomeFirst();
    const again = await open();
    expect((await again.read()).namespaces).toMatchObject([{ name: "a" }]);
    await again.switchBackend("cache", { reason: "" });
    expect((await again.read()).disabledBackends).toHaveLength(1);
  });

  test("changes what was declared only for whoever has seen it last", async () => {
    const state = await open();
    const first = await writeOne(state, put("a"));
    nowMs = 2_000;
    const second = await writeOne(state, { kind: "put", name: "a", entry: { pattern: "queue" }, etag: first.etag });
    expect(second).toMatchObject({ entry: { pattern: "queue" }, createTimeMs: 1_000, updateTimeMs: 2_000 });
    expect(second.schema).toBeUndefined();
    await expect(state.write([put("a", first.etag)])).rejects.toMatchObject({
      reason: "conflict",
      conflicts: [{ name: "a", problem: "changed", etag: second.etag }],
    });
  });

  test("deletes so that it can be restored, and then purges", async () => {
    const state = await open();
    const first = await writeOne(state, put("a"));
    nowMs = 2_000;
    const deleted = await writeOne(state, deleteOf(first));
    expect(deleted.deletion).toEqual({ deleteTimeMs: 2_000, purgeTimeMs, deletesData: true });
    expect((await state.read()).namespaces).toEqual([deleted]);
    const restored = await writeOne(state, { kind: "restore", name: "a", etag: deleted.etag });
    expect(restored).toMatchObject({ entry, createTimeMs: 1_000 });
    expect(restored.deletion).toBeUndefined();
    const again = await writeOne(state, deleteOf(restored));
    expect(await writeOne(state, { kind: "purge", name: "a", etag: again.etag })).toEqual(again);
    expect((await state.read()).namespaces).toEqual([]);
    const anew = await writeOne(state, put("a"));
    expect([first, deleted, restored, again].map(({ etag }) => etag)).not.toContain(anew.etag);
  });

  test("deletes anew what is deleted: only until when it is kept changes, and what for", async () => {
    const state = await open();
    nowMs = 2_000;
    const deleted = await writeOne(state, deleteOf(await writeOne(state, put("a"))));
    nowMs = 3_000;
    const { name, etag } = deleted;
    const sooner = await writeOne(state, { kind: "delete", name, etag, purgeTimeMs: 3_000, deletesData: false });
    expect(sooner.deletion).toEqual({ deleteTimeMs: 2_000, purgeTimeMs: 3_000, deletesData: false });
    expect(sooner.etag).not.toBe(etag);
  });

  test("does all writes or none, and names all that stand in the way", async () => {
    const state = await open();
    const a = await writeOne(state, put("a"));
    const gone = await writeOne(state, deleteOf(await writeOne(state, put("gone"))));
    const before = await state.read();
    const writes: Write[] = [put("new"), put("a"), put("missing", "1.x"), put("gone")];
    await expect(state.write(writes)).rejects.toMatchObject({
      reason: "conflict",
      conflicts: [
        { name: "a", problem: "exists", etag: a.etag },
        { name: "missing", problem: "missing", etag: undefined },
        { name: "gone", problem: "deleted", etag: gone.etag },
      ],
    });
    expect(await state.read()).toEqual(before);
  });

  test.each<[string, (live: StoredNamespace, deleted: StoredNamespace) => Write, string]>([
    ["restore what is not deleted", ({ name, etag }) => ({ kind: "restore", name, etag }), "not_deleted"],
    ["purge what is not deleted", ({ name, etag }) => ({ kind: "purge", name, etag }), "not_deleted"],
    ["change what is deleted", (_, { name, etag }) => put(name, etag), "deleted"],
    ["delete what was changed", (live) => deleteOf({ ...live, etag: "0.x" }), "changed"],
    ["purge what is not there", () => ({ kind: "purge", name: "none", etag: "1.x" }), "missing"],
  ])("refuses to %s", async (_name, write, problem) => {
    const state = await open();
    const live = await writeOne(state, put("live"));
    const deleted = await writeOne(state, deleteOf(await writeOne(state, put("deleted"))));
    await expect(state.write([write(live, deleted)])).rejects.toMatchObject({
      reason: "conflict",
      conflicts: [{ problem }],
    });
  });

  test("reads again only what has changed, by whomever", async () => {
    const [state, other] = [await open(), await open()];
    const written = await state.write(["a", "b", "c", "d"].map((name) => put(name)));
    const [a, b, c, d] = written.namespaces;
    const before = await state.read();
    await other.write([put("b", b!.etag), deleteOf(c!), deleteOf(d!)]);
    const gone = (await other.read()).namespaces[3]!;
    await other.write([{ kind: "purge", name: "d", etag: gone.etag }]);
    await other.write([put("d")]);
    const { namespaces } = await state.read();
    expect(namespaces).toEqual((await other.read()).namespaces);
    expect(namespaces[0]).toBe(before.namespaces[0]);
    expect(namespaces.map(({ etag }, place) => etag === [a, b, c, d][place]!.etag)).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  test("writes nothing when the state is not the one that was decided on", async () => {
    const state = await open();
    const { revision } = await state.read();
    const written = await state.write([put("a")], { revision });
    await expect(state.write([put("b")], { revision })).rejects.toMatchObject({ reason: "conflict", conflicts: [] });
    await state.write([put("b")], { revision: written.revision });
    expect((await state.read()).namespaces).toHaveLength(2);
  });

  test("refuses more writes at once than others can wait for", async () => {
    const writes = Array.from({ length: 1_001 }, (_, index) => put(`n${index}`));
    await expect((await open()).write(writes)).rejects.toMatchObject({ reason: "invalid" });
  });

  test("does not begin a write that was given up", async () => {
    const state = await open();
    await expect(state.write([put("a")], { signal: AbortSignal.abort() })).rejects.toMatchObject({ reason: "aborted" });
    expect((await state.read()).namespaces).toEqual([]);
  });

  test("loses no write of 20 writers on two openings", async () => {
    const states = [await open(), await open()];
    await states[0]!.write([{ kind: "put", name: "counter", entry: { count: 0 }, etag: undefined }]);
    const increments = 2;
    const writers = Array.from({ length: 20 }, async (_, index) => {
      const state = states[index % 2]!;
      for (let done = 0; done < increments; ) {
        const [counter] = (await state.read()).namespaces;
        const count = Number(counter!.entry.count) + 1;
        const write = state.write([{ kind: "put", name: "counter", entry: { count }, etag: counter!.etag }]);
        done += await write.then(
          () => 1,
          (error) => {
            expect(error).toMatchObject({ reason: "conflict" });
            return 0;
          },
        );
      }
    });
    await Promise.all(writers);
    expect((await states[1]!.read()).namespaces[0]!.entry).toEqual({ count: 20 * increments });
  });

  test("can be opened for the first time by several at once", async () => {
    const states = await Promise.all(Array.from({ length: 8 }, () => open()));
    await Promise.all(states.map((state, index) => state.write([put(`n${index}`)])));
    for (const state of states) expect((await state.read()).namespaces).toHaveLength(8);
  });

  test("tells of its own changes once, and of others' within a second", async () => {
    const [writer, other] = [await open(), await open()];
    const [ofWriter, ofOther] = [heard(writer), heard(other)];
    const { revision } = await writer.write([put("a")]);
    const startedMs = performance.now();
    await expect.poll(() => ofOther.revisions, { interval: 10 }).toEqual([revision]);
    expect(performance.now() - startedMs).toBeLessThan(1_000);
    expect((await other.read()).revision).toBe(revision);
    const next = await other.write([put("b")]);
    await expect.poll(() => ofWriter.revisions, { interval: 10 }).toEqual([revision, next.revision]);
    expect(ofOther.revisions).toEqual([revision, next.revision]);
    expect([ofWriter.reachabilities, ofOther.reachabilities]).toEqual([[], []]);
  });

  test("is quiet for whoever has left", async () => {
    const state = await open();
    const { revisions, subscription } = heard(state);
    subscription[Symbol.dispose]();
    await state.write([put("a")]);
    expect(revisions).toEqual([]);
  });

  test("refuses the tables of a newer version, and says what to do", async () => {
    await (await open()).write([put("a")]);
    await place.becomeNewer();
    const state = await open();
    expect(state.reachability).toMatchObject({ isReachable: false, why: expect.stringContaining("newer") });
    await expect(state.read()).rejects.toMatchObject({
      reason: "invalid",
      message: expect.stringContaining("Run that version"),
    });
    await expect(state.write([put("b")])).rejects.toMatchObject({ reason: "invalid" });
  });

  test("notices that a newer version took over while it is open", async () => {
    const state = await open();
    await state.write([put("a")]);
    const { reachabilities } = heard(state);
    await place.becomeNewer();
    await expect(state.write([put("b")])).rejects.toMatchObject({ reason: "invalid" });
    await expect
      .poll(() => reachabilities, { timeout: 5_000 })
      .toMatchObject([{ isReachable: false, why: expect.stringContaining("newer") }]);
  });

  test("answers nothing after it was closed", async () => {
    const state = await open();
    await state.write([put("a")]);
    await state[Symbol.asyncDispose]();
    await expect(state.read()).rejects.toBeInstanceOf(ControlStateError);
    await expect(state.write([put("b")])).rejects.toMatchObject({ reason: "unavailable" });
  });
});
