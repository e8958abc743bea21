import { expect, test } from "vitest";
import { seededRandom } from "../testing/seeded-random.js";
import type { Stream } from "./stream.js";
import { StreamMap } from "./stream-map.js";

test.each([1, 2, 3, 4])("streams are found by their ids, however they come and go (seed %i)", (seed) => {
  const random = seededRandom(seed);
  const streams = new StreamMap();
  const model = new Map<number, Stream>();
  let nextId = 1;
  for (let step = 0; step < 5000; step++) {
    if (random.below(100) < (step < 2500 ? 60 : 40)) {
      const stream = { id: nextId } as Stream;
      nextId += 2 * (1 + random.below(3));
      streams.add(stream);
      model.set(stream.id, stream);
    } else {
      const ids = [...model.keys()];
      const id = ids.length === 0 ? 1 : ids[random.below(ids.length)]!;
      streams.delete(id);
      model.delete(id);
    }
    const asked = 1 + 2 * random.below(nextId);
    expect(streams.get(asked)).toBe(model.get(asked));
    expect(streams.size).toBe(model.size);
  }
  expect(new Set(streams.streams())).toEqual(new Set(model.values()));
  for (const [id, stream] of model) expect(streams.get(id)).toBe(stream);
});
