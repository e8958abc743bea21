import { LocalServer, postgres } from "@prism-data/local-servers";
import { expect, test } from "vitest";
import { type ControlState, openControlState, type Write } from "../index.js";
import { heard } from "../testing/heard.js";
import { dropAnswerTo } from "./testing/dropped-answer.js";

const options = { log: { info() {}, warn() {} }, now: Date.now };
const put = (name: string): Write => ({ kind: "put", name, entry: { pattern: "queue" }, etag: undefined });

async function namesIn(state: ControlState): Promise<readonly string[]> {
  return (await state.read()).namespaces.map(({ name }) => name);
}

test("a control state outlives its server, and says when it is away", { timeout: 60_000 }, async () => {
  await using server = await LocalServer.start(postgres, { environment: process.env });
  const location = {
    kind: "postgres",
    url: server.url,
    schema: "prism_control",
    password: undefined,
    tls: undefined,
  } as const;
  await using state = await openControlState(location, options);
  await state.write([put("a")]);
  const { reachabilities, revisions } = heard(state);

  await server.kill();
  await expect.poll(() => reachabilities.at(0), { timeout: 2_000 }).toMatchObject({ isReachable: false });
  await expect(state.read()).rejects.toMatchObject({ reason: "unavailable" });
  await expect(state.write([put("b")])).rejects.toMatchObject({ reason: "unavailable", mayBeDone: false });
  await using late = await openControlState(location, options);
  expect(late.reachability.isReachable).toBe(false);
  const ofLate = heard(late);

  await server.start();
  await expect.poll(() => reachabilities.at(-1), { timeout: 2_000, interval: 10 }).toEqual({ isReachable: true });
  expect(await namesIn(state)).toEqual(["a"]);
  expect(revisions).toEqual([]);
  await expect.poll(() => ofLate.revisions, { timeout: 2_000 }).toEqual([(await state.read()).revision]);
  expect(await namesIn(late)).toEqual(["a"]);
  const { revision } = await state.write([put("b")]);
  await expect.poll(() => ofLate.revisions.at(-1)).toBe(revision);

  await using cut = await dropAnswerTo("COMMIT", server.port);
  const url = server.url.replace(`:${server.port}`, `:${cut.port}`);
  await using victim = await openControlState({ ...location, url }, options);
  await expect(victim.write([put("c")])).rejects.toMatchObject({ reason: "unavailable", mayBeDone: true });
  await expect.poll(() => namesIn(state)).toEqual(["a", "b", "c"]);
});
