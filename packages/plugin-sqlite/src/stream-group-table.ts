import type { Database, Statement } from "better-sqlite3";

/** How far a group has come in a partition. */
export interface GroupPlace {
  readonly partition: number;
  /** Where it began: counts until something is committed, or records would be skipped. */
  readonly begun: number;
  readonly committed: number | null;
}

/** Says which process delivers to a group, and until when unless it says so again. */
export interface Claim {
  readonly process: string;
  readonly nowMs: number;
  readonly untilMs: number;
}

/** The statements on the groups of a file. Those that change something run inside a transaction. */
export class StreamGroupTable {
  readonly #make: Statement<[number, Buffer]>;
  readonly #find: Statement<[number, Buffer], number>;
  readonly #begin: Statement<[{ groupId: number; namespaceId: number; latest: number }]>;
  readonly #places: Statement<[number], GroupPlace>;
  readonly #commit: Statement<[{ groupId: number; partition: number; offset: number }]>;
  readonly #claim: Statement<[Claim & { groupId: number }]>;
  readonly #isFree: Statement<[number, number], number>;
  readonly #owner: Statement<[number], string | null>;
  readonly #renew: Statement<[number, number, string]>;
  readonly #release: Statement<[number, string]>;
  readonly #removePlaces: Statement<[number, number]>;
  readonly #removeGroups: Statement<[number]>;

  constructor(db: Database) {
    this.#make = db.prepare("INSERT INTO stream_group (namespace_id, name) VALUES (?, ?) ON CONFLICT DO NOTHING");
    this.#find = db
      .prepare<[number, Buffer], number>("SELECT id FROM stream_group WHERE namespace_id = ? AND name = ?")
      .pluck();
    this.#begin = db.prepare(
      `INSERT INTO stream_place (group_id, partition, begun)
       SELECT $groupId, partition, iif($latest, next_offset, 0) FROM stream_partition WHERE namespace_id = $namespaceId
       ON CONFLICT DO NOTHING`,
    );
    this.#places = db.prepare("SELECT partition, begun, committed FROM stream_place WHERE group_id = ?");
    this.#commit = db.prepare(
      `UPDATE stream_place SET committed = $offset
       WHERE group_id = $groupId AND partition = $partition AND ifnull(committed, 0) <= $offset`,
    );
    this.#claim = db.prepare(
      `UPDATE stream_group SET owner = $process, owned_until_ms = $untilMs
       WHERE id = $groupId AND (owner IS NULL OR owner = $process OR owned_until_ms <= $nowMs)`,
    );
    this.#isFree = db
      .prepare<[number, number], number>(
        "SELECT EXISTS (SELECT 1 FROM stream_group WHERE id = ? AND (owner IS NULL OR owned_until_ms <= ?))",
      )
      .pluck();
    this.#owner = db.prepare<[number], string | null>("SELECT owner FROM stream_group WHERE id = ?").pluck();
    this.#renew = db.prepare("UPDATE stream_group SET owned_until_ms = ? WHERE id = ? AND owner = ?");
    this.#release = db.prepare("UPDATE stream_group SET owner = NULL WHERE id = ? AND owner = ?");
    this.#removePlaces = db.prepare(
      `DELETE FROM stream_place WHERE (group_id, partition) IN (
         SELECT group_id, partition FROM stream_group g CROSS JOIN stream_place p ON p.group_id = g.id
         WHERE g.namespace_id = ? LIMIT ?)`,
    );
    this.#removeGroups = db.prepare("DELETE FROM stream_group WHERE namespace_id = ?");
  }

  idOf(namespaceId: number, name: string): number | undefined {
    return this.#find.get(namespaceId, Buffer.from(name));
  }

  /** Makes a group unless it is there, and lets it begin in every partition where it has not. */
  begin(namespaceId: number, name: string, { latest }: { latest: boolean }): number {
    this.#make.run(namespaceId, Buffer.from(name));
    const groupId = this.idOf(namespaceId, name)!;
    this.#begin.run({ groupId, namespaceId, latest: Number(latest) });
    return groupId;
  }

  places(groupId: number): GroupPlace[] {
    return this.#places.all(groupId);
  }

  /** Commits a position. False: more is committed already. */
  commit(groupId: number, partition: number, offset: number): boolean {
    return this.#commit.run({ groupId, partition, offset }).changes === 1;
  }

  /** Takes a group that nobody has, or whose process does not say any more that it has it. */
  claim(groupId: number, claim: Claim): boolean {
    return this.#claim.run({ groupId, ...claim }).changes === 1;
  }

  isFree(groupId: number, nowMs: number): boolean {
    return this.#isFree.get(groupId, nowMs) === 1;
  }

  isOwner(groupId: number, process: string): boolean {
    return this.#owner.get(groupId) === process;
  }

  /** False: another process has taken the group. */
  renew(groupId: number, { process, untilMs }: Pick<Claim, "process" | "untilMs">): boolean {
    return this.#renew.run(untilMs, groupId, process).changes === 1;
  }

  release(groupId: number, process: string): void {
    this.#release.run(groupId, process);
  }

  /** Removes as much of a namespace as one slice may; returns how many rows. None: nothing is left of it. */
  removeNamespace(namespaceId: number, rowsMax: number): number {
    const removed = this.#removePlaces.run(namespaceId, rowsMax).changes;
    if (removed === 0) this.#removeGroups.run(namespaceId);
    return removed;
  }
}

/** The first record that the group has not committed, or the one after it that is there. */
export function nextOf({ begun, committed }: GroupPlace): number {
  return committed === null ? begun : committed + 1;
}
