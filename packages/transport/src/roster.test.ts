import { expect, test } from "vitest";
import { seededRandom } from "../testing/seeded-random.js";
import { type Enrolled, Roster } from "./roster.js";

test("a roster has whom a set would have, however they come and go", () => {
  const random = seededRandom(1);
  const people: Enrolled[] = Array.from({ length: 50 }, () => ({ rosterPosition: -1 }));
  const roster = new Roster<Enrolled>();
  const model = new Set<Enrolled>();
  for (let step = 0; step < 2000; step++) {
    const person = people[random.below(people.length)]!;
    if (!model.has(person) && random.below(2) === 0) {
      roster.add(person);
      model.add(person);
    } else {
      expect(roster.delete(person)).toBe(model.delete(person));
    }
    expect(roster.size).toBe(model.size);
  }
  expect(new Set(roster.members())).toEqual(model);
});
