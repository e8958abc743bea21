import {
  type BatchResult,
  type Binding,
  type CallContext,
  type GroupMember,
  type JoinRequest,
  type MemberOutlet,
  type Message,
  type Position,
  partitionOf,
  type ReadRequest,
  type RecordOutlet,
  readLog,
  type Stream,
  type StreamDescription,
  type StreamOptions,
  settled,
} from "@prism-data/pattern-sdk";
import type { Store } from "./store.js";
import { StreamGroup } from "./stream-group.js";
import { StreamLog } from "./stream-log.js";

/** Which log, and what its partitions are in the file. */
export interface LogRows {
  readonly namespaceId: number;
  readonly partitionIds: readonly number[];
}

/** One log in a SQLite file. Offsets are given in the order of the commits and leave none out: 0, 1, 2. */
export class SqliteStream implements Stream {
  readonly #store: Store;
  readonly #namespaceId: number;
  readonly #log: StreamLog;
  readonly #groups = new Map<string, StreamGroup>();
  /** The partition of the next record without a key. */
  #turn = 0;

  constructor(store: Store, { namespaceId, partitionIds }: LogRows, options: StreamOptions) {
    this.#store = store;
    this.#namespaceId = namespaceId;
    this.#log = new StreamLog(store, partitionIds, options);
  }

  get partitions(): number {
    return this.#log.partitions;
  }

  /** Goes on with other options. */
  configure({ options }: Binding<StreamOptions>): void {
    this.#log.configure(options);
  }

  /** Each record on its own; the group commit keeps their order and commits them together. */
  append(messages: readonly Message[], context: CallContext): Promise<BatchResult<Position>[]> {
    return Promise.all(
      messages.map((message) => settled(this.#log.append(this.#partitionFor(message), message, context))),
    );
  }

  read(request: ReadRequest, outlet: RecordOutlet, { signal }: CallContext): Promise<void> {
    return readLog(this.#log, request, { outlet, signal });
  }

  describe(group: string | undefined): StreamDescription {
    return {
      partitions: this.#log.describe(group === undefined ? undefined : this.#placesOf(group)),
      ordering: this.partitions === 1 ? "total" : "per-partition",
    };
  }

  join(request: JoinRequest, outlet: MemberOutlet, context: CallContext): Promise<GroupMember> {
    const { group: name } = request;
    const known = this.#groups.get(name);
    const group = known ?? this.#newGroup(name);
    this.#groups.set(name, group);
    return group.join(request, outlet, context);
  }

  /** Takes all members out of their groups. */
  async close(): Promise<void> {
    await Promise.all([...this.#groups.values()].map((group) => group.close()));
  }

  #newGroup(name: string): StreamGroup {
    const onEmpty = () => {
      if (this.#groups.get(name) === group) this.#groups.delete(name);
    };
    const group = new StreamGroup({
      store: this.#store,
      log: this.#log,
      namespaceId: this.#namespaceId,
      name,
      onEmpty,
    });
    return group;
  }

  #placesOf(name: string) {
    const { file, groups } = this.#store;
    return file.read(() => {
      const id = groups.idOf(this.#namespaceId, name);
      return new Map((id === undefined ? [] : groups.places(id)).map((place) => [place.partition, place]));
    });
  }

  #partitionFor({ key }: Message): number {
    if (key !== "") return partitionOf(key, this.partitions);
    this.#turn = (this.#turn + 1) % this.partitions;
    return this.#turn;
  }
}
