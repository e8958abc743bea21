import assert from "node:assert/strict";
import type { Arbitrary } from "fast-check";
import { matchesTopic } from "../../patterns/pub-sub/topic.js";
import { eventually } from "../eventually.js";
import { messageOf } from "../messaging/messages.js";
import { type FastCheck, runRandomSteps } from "../random-runs.js";
import { casesOf } from "./pub-sub-case.js";
import type { PubSubClient } from "./pub-sub-client.js";
import type { Arrival, PubSubSubscription } from "./pub-sub-subscription.js";

const subscriptionsMax = 8;
const topics = ["a", "b", "a.b", "a.c", "a.b.c"];
const patterns = ["a", "a.b", "*", "a.*", "a.>", ">"];

/** What one reader, or one group, is to get. */
interface Audience {
  readonly pattern: string;
  /** `undefined`: a subscription of nobody's group. */
  readonly group: string | undefined;
  readonly members: Set<Member>;
  /** The ids of the messages that were published to it, in order. */
  readonly expected: string[];
  /** How often each was delivered to anybody. */
  readonly delivered: Map<string, number>;
  /** Those that may come again: rejected, or with a member that has left. */
  readonly mayReturn: Set<string>;
}

interface Member {
  readonly audience: Audience;
  readonly subscription: PubSubSubscription;
  /** How many of its arrivals were looked at. */
  seen: number;
  readonly outstanding: Map<string, Arrival>;
  /** The ids of the messages that it has acknowledged. */
  readonly acknowledged: Set<string>;
}

/** One thing to do; the numbers choose among what there is. */
interface Step {
  readonly does: "publish" | "join" | "leave" | "acknowledge" | "reject";
  readonly which: number;
  readonly count: number;
}

const stepOf = (fc: FastCheck): Arbitrary<Step> =>
  fc.record({
    does: fc.constantFrom(
      ...(["publish", "publish", "publish", "join", "join", "leave", "acknowledge", "reject"] as const),
    ),
    which: fc.nat(1_000),
    count: fc.integer({ min: 1, max: 4 }),
  });

/** A plain model of a namespace, and the namespace. */
class Run {
  readonly #pubsub: PubSubClient;
  readonly #audiences: Audience[] = [];
  readonly #members: Member[] = [];
  #published = 0;

  constructor(pubsub: PubSubClient) {
    this.#pubsub = pubsub;
  }

  async step({ does, which, count }: Step): Promise<void> {
    const member = this.#members[which % Math.max(1, this.#members.length)];
    if (does === "publish") await this.#publish(topics[which % topics.length]!, count);
    else if (does === "join") await this.#join(which, count);
    else if (member !== undefined && does === "leave") await this.#leave(member);
    else if (member !== undefined && does === "acknowledge") this.#acknowledgeAll(member);
    else if (member !== undefined) this.#reject(member, count);
    for (const each of this.#members) this.#look(each);
  }

  /** Waits until everybody has everything, and looks whether nobody has anything else. */
  async finish(): Promise<void> {
    for (const audience of this.#audiences.filter(({ members }) => members.size === 0)) {
      if (audience.group !== undefined) await this.#enter(audience, 10);
    }
    await eventually("every message arrives at everybody", () => {
      for (const member of this.#members) {
        this.#look(member);
        this.#acknowledgeAll(member);
      }
      return this.#audiences.every(isComplete);
    });
  }

  async #publish(topic: string, count: number): Promise<void> {
    const ids = Array.from({ length: count }, () => `m${this.#published++}`);
    await this.#pubsub.publish(topic, ...ids.map((id) => messageOf({ id, payload: topic })));
    for (const { pattern, expected, group, members } of this.#audiences) {
      if (matchesTopic(pattern, topic) && (group !== undefined || members.size > 0)) expected.push(...ids);
    }
  }

  async #join(which: number, count: number): Promise<void> {
    if (this.#members.length >= subscriptionsMax) return;
    const pattern = patterns[which % patterns.length]!;
    const group = [undefined, "g", "h"][count % 3];
    const known = this.#audiences.find((one) => one.pattern === pattern && one.group === group);
    await this.#enter(
      group !== undefined && known !== undefined ? known : this.#newAudience(pattern, group),
      count * 5,
    );
  }

  #newAudience(pattern: string, group: string | undefined): Audience {
    const audience: Audience = {
      pattern,
      group,
      members: new Set(),
      expected: [],
      delivered: new Map(),
      mayReturn: new Set(),
    };
    this.#audiences.push(audience);
    return audience;
  }

  async #enter(audience: Audience, maxMessages: number): Promise<void> {
    const { pattern, group } = audience;
    const options = { maxMessages, acknowledgeTimeoutMs: 600_000 };
    const subscription = await this.#pubsub.hold(pattern, group === undefined ? options : { ...options, group });
    const member = { audience, subscription, seen: 0, outstanding: new Map(), acknowledged: new Set<string>() };
    audience.members.add(member);
    this.#members.push(member);
  }

  /** A member leaves; what it said last may not have been heard. */
  async #leave(member: Member): Promise<void> {
    this.#members.splice(this.#members.indexOf(member), 1);
    const { audience, subscription, outstanding, acknowledged } = member;
    subscription.leave();
    await subscription.ended;
    this.#look(member);
    audience.members.delete(member);
    for (const { message } of outstanding.values()) audience.mayReturn.add(message.id);
    for (const id of acknowledged) audience.mayReturn.add(id);
  }

  #reject({ audience, subscription, outstanding }: Member, count: number): void {
    const rejected = [...outstanding.values()].slice(0, count);
    if (rejected.length > 0) subscription.reject(rejected);
    for (const { deliveryId, message } of rejected) {
      outstanding.delete(deliveryId);
      audience.mayReturn.add(message.id);
    }
  }

  #acknowledgeAll({ audience, subscription, outstanding, acknowledged }: Member): void {
    if (outstanding.size === 0) return;
    subscription.acknowledge(...outstanding.values());
    for (const { message } of outstanding.values()) {
      acknowledged.add(message.id);
      audience.mayReturn.delete(message.id);
    }
    outstanding.clear();
  }

  /** Judges what has arrived at a member since the last time. */
  #look(member: Member): void {
    const { audience, subscription, outstanding } = member;
    for (const arrival of subscription.arrivals.slice(member.seen)) {
      const { message, topic, text, deliveryId, deliveryCount } = arrival;
      const what = `${message.id} at ${audience.pattern} of ${audience.group ?? "nobody's group"}`;
      assert.equal(topic, text, what);
      assert.ok(audience.expected.includes(message.id), `${what} was not to come`);
      const before = audience.delivered.get(message.id) ?? 0;
      assert.ok(before === 0 || audience.mayReturn.has(message.id), `${what} came again, and nobody gave it back`);
      assert.ok(deliveryCount > before, `${what} has the count ${deliveryCount} after ${before}`);
      audience.delivered.set(message.id, before + 1);
      outstanding.set(deliveryId, arrival);
    }
    member.seen = subscription.arrivals.length;
    assertFirstInOrder(member);
  }
}

/** Of a topic, what comes for the first time comes in the order in which it was published, to whoever is alone. */
function assertFirstInOrder({ audience, subscription }: Member): void {
  if (audience.group !== undefined) return;
  for (const topic of topics) {
    const ofTopic = subscription.arrivals.filter((arrival) => arrival.topic === topic);
    const positions = [...new Set(ofTopic.map(({ message }) => audience.expected.indexOf(message.id)))];
    const inOrder = [...positions].sort((a, b) => a - b);
    assert.deepEqual(positions, inOrder, `the order of ${topic} at ${audience.pattern}`);
  }
}

function isComplete({ expected, delivered, members, group }: Audience): boolean {
  return (group === undefined && members.size === 0) || expected.every((id) => delivered.has(id));
}

export const modelCases = casesOf("model", ["wildcards", "groups", "acknowledgement", "durable", "ordering"], {
  "random steps leave everybody with what a plain model has": async (_, subject) => {
    await runRandomSteps(stepOf, async (steps) => {
      const run = new Run(await subject.namespace());
      for (const step of steps) await run.step(step);
      await run.finish();
    });
  },
});
