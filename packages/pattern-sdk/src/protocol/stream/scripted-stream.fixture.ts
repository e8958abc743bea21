import { type ClientCall, GrpcError } from "@prism-data/transport";
import type { Awaitable } from "../../awaitable.js";
import type { GatewayError } from "../../errors.js";
import { type RunningTiny, runTinyPlugin } from "../../host/plugin.fixture.js";
import type { GroupMember, MemberOutlet, Stream, StreamRecord } from "../../patterns/stream/stream.js";
import { streamCapabilities } from "../../patterns/stream/stream-capabilities.js";
import { streamOptions } from "../../patterns/stream/stream-options.js";
import { ConsumeRequest, ConsumeResponse, type ReadRequest } from "../gen/prism/stream/v1/stream.js";
import { encodeMessage, type MessageType } from "../message.js";
import { gatewayErrorOf } from "../status.js";
import { wireDurability } from "../wire-durability.js";

const service = "/prism.stream.v1.StreamService";

/** A log of two partitions that does nothing, but for what a test has it do. */
export function scripted(parts: Partial<Stream>): Stream {
  return {
    partitions: 2,
    append: (messages) => messages.map((_, index) => ({ ok: true, result: { partition: 0, offset: BigInt(index) } })),
    read: async () => {},
    describe: () => ({ partitions: [], ordering: "per-partition" }),
    join: () => ({ commit: (positions) => positions, leave: () => {} }),
    ...parts,
  };
}

/** A record of a partition, with a payload of so many bytes. */
export function recordAt(partition: number, offset: number, sizeBytes = 0): StreamRecord {
  const message = { id: "i", key: "", headers: [], contentType: "", payload: new Uint8Array(sizeBytes) };
  return { partition, offset: BigInt(offset), message, appendedAtMs: 0 };
}

/** A member that has been joined: what the plugin holds of it. */
export interface Joined {
  readonly outlet: MemberOutlet;
  readonly signal: AbortSignal;
}

/** A log whose members are the test's to move. */
export function memberScript(member: Partial<GroupMember> = {}) {
  const joined = Promise.withResolvers<Joined>();
  const left = Promise.withResolvers<void>();
  const made: GroupMember = {
    commit: (positions) => positions,
    ...member,
    leave: () => left.resolve(),
  };
  const stream = scripted({
    join: (_, outlet, { signal }): Awaitable<GroupMember> => {
      joined.resolve({ outlet, signal });
      return made;
    },
  });
  return { stream, joined: joined.promise, left: left.promise };
}

/** A plugin with one namespace, `log`, on this log. */
export async function runScripted(stream: Stream): Promise<RunningTiny> {
  const tiny = await runTinyPlugin({
    patterns: { stream: { capabilities: streamCapabilities, options: streamOptions(streamCapabilities) } },
    open: () => ({ stream: { bind: () => ({ pattern: stream }), deleteData: () => [] } }),
  });
  await tiny.serve([]);
  const asked = {
    pattern: "stream",
    needs: [],
    needsGiven: false,
    planOnly: false,
    durability: wireDurability(undefined),
    sizeLimits: undefined,
    options: { partitions: 2 },
  };
  await tiny.contract.bind({ ...asked, namespace: "log" });
  return tiny;
}

/** One call of the service with a stream on either side. Cancelled at the end of its scope. */
export class ScriptedCall<Response> implements Disposable {
  readonly call: ClientCall;
  readonly #answers: AsyncIterator<Uint8Array>;
  readonly #type: MessageType<Response>;

  constructor({ client }: RunningTiny, method: string, type: MessageType<Response>) {
    this.call = client.stream(`${service}/${method}`);
    this.#answers = this.call.messages()[Symbol.asyncIterator]();
    this.#type = type;
  }

  send<Request>(type: MessageType<Request>, request: Request): void {
    this.call.write(encodeMessage(type, request));
  }

  /** The next answer; `undefined`: the call has ended well. Rejects with `GatewayError`. */
  async answer(): Promise<Response | undefined> {
    try {
      const { done, value } = await this.#answers.next();
      return done ? undefined : this.#type.decode(value);
    } catch (error) {
      throw error instanceof GrpcError ? gatewayErrorOf(error) : error;
    }
  }

  [Symbol.dispose](): void {
    this.call.cancel();
  }

  /** What the call ends with, whatever is answered before. */
  async failure(): Promise<GatewayError> {
    try {
      while ((await this.answer()) !== undefined);
    } catch (error) {
      return error as GatewayError;
    }
    throw new Error("The call ended well.");
  }
}

/** Opens a Consume call that has joined the group `g`. */
export function consume(tiny: RunningTiny, bounds: { recordsMax?: number; bytesMax?: bigint } = {}) {
  const consuming = new ScriptedCall(tiny, "Consume", ConsumeResponse);
  const { recordsMax = 0, bytesMax = 0n } = bounds;
  const join = { group: "g", start: undefined, maxOutstandingRecords: recordsMax, maxOutstandingBytes: bytesMax };
  consuming.send(ConsumeRequest, { namespace: "log", action: { $case: "join", value: join } });
  return consuming;
}

/** Commits up to a record. */
export function commit(consuming: ScriptedCall<ConsumeResponse>, partition: number, offset: number): void {
  const value = { positions: [{ partition, offset: BigInt(offset) }] };
  consuming.send(ConsumeRequest, { namespace: "", action: { $case: "commit", value } });
}

export const readOfEverything: ReadRequest = { namespace: "log", start: undefined, limit: 0n, follow: true };
