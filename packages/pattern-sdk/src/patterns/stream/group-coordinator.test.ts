import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GroupCoordinator, type GroupSeat } from "./group-coordinator.js";

/** A member that keeps what it is told. */
class Member {
  readonly told: (readonly number[])[] = [];
  readonly seat: GroupSeat;

  constructor(coordinator: GroupCoordinator, group = "g", onTold: (partitions: readonly number[]) => void = () => {}) {
    this.seat = coordinator.join(group, (partitions) => {
      this.told.push(partitions);
      onTold(partitions);
    });
  }

  get partitions(): readonly number[] {
    return this.told.at(-1) ?? [];
  }
}

describe("a group", () => {
  test("of one has every partition, and is told so before the join returns", () => {
    expect(new Member(new GroupCoordinator(3)).told).toEqual([[0, 1, 2]]);
  });

  test("moves as few partitions as it can", () => {
    const coordinator = new GroupCoordinator(4);
    const [a, b] = [new Member(coordinator), new Member(coordinator)];
    const c = new Member(coordinator);
    expect([a.told, b.told, c.told]).toEqual([
      [
        [0, 1, 2, 3],
        [0, 1],
      ],
      [[2, 3], [2]],
      [[3]],
    ]);
    b.seat.leave();
    expect([a.told.length, c.partitions]).toEqual([2, [2, 3]]);
  });

  test("tells a member without a partition that it has none, and gives it one when another leaves", () => {
    const coordinator = new GroupCoordinator(1);
    const [first, second] = [new Member(coordinator), new Member(coordinator)];
    expect([first.told, second.told]).toEqual([[[0]], [[]]]);
    first.seat.leave();
    expect([first.seat.has(0), second.seat.has(0), second.partitions]).toEqual([false, true, [0]]);
  });

  test("tells who loses before who gets", () => {
    const coordinator = new GroupCoordinator(2);
    const told: string[] = [];
    const names = ["a", "b"].map((name) => new Member(coordinator, "g", (partitions) => told.push(name + partitions)));
    names[0]!.seat.leave();
    expect(told).toEqual(["a0,1", "a0", "b1", "b0,1"]);
  });

  test("does not hear of a member that leaves twice", () => {
    const coordinator = new GroupCoordinator(2);
    const [a, b] = [new Member(coordinator), new Member(coordinator)];
    a.seat.leave();
    a.seat.leave();
    expect([b.told.length, a.told.length]).toEqual([2, 2]);
  });

  test("shares nothing with another", () => {
    const coordinator = new GroupCoordinator(2);
    const [a, b] = [new Member(coordinator, "one"), new Member(coordinator, "other")];
    expect([a.partitions, b.partitions]).toEqual([
      [0, 1],
      [0, 1],
    ]);
  });
});

test("whoever comes and goes, every partition has one member, nobody has two more than another, and all know what they have", () => {
  const steps = fc.array(fc.oneof(fc.constant("join"), fc.nat({ max: 20 })), { maxLength: 60 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), steps, (partitions, moves) => {
      const coordinator = new GroupCoordinator(partitions);
      const members: Member[] = [];
      for (const move of moves) {
        if (move === "join") members.push(new Member(coordinator));
        else members.splice(move % (members.length || 1), 1)[0]?.seat.leave();
        if (members.length === 0) continue;
        const shares = members.map((member) => member.partitions);
        expect(shares.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: partitions }, (_, index) => index));
        const sizes = shares.map(({ length }) => length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        for (const { seat, partitions: own } of members) expect(own.every((one) => seat.has(one))).toBe(true);
      }
    }),
  );
});
