import type { StreamingServerCall } from "@prism-data/transport";
import type { Awaitable } from "../../awaitable.js";
import type { GroupMember } from "../../patterns/stream/stream.js";
import type { StreamTypes } from "../../patterns/stream/stream-kind.js";
import { ConsumeRequest } from "../gen/prism/stream/v1/stream.js";
import { decodeMessage } from "../message.js";
import { requireCapability } from "../pattern/bound-namespace.js";
import type { MethodEnvironment } from "../pattern/pattern-method.js";
import { firstMessage, rejectedOnAbort, streamMethod } from "../pattern/stream-method.js";
import { ServerCallContext } from "../server-call-context.js";
import type { BoundStream } from "./bound-stream.js";
import { checkedCommit, checkedJoin } from "./checked-requests.js";
import { CommitQueue } from "./commit-queue.js";
import { MemberFeed } from "./member-feed.js";

const requestName = "prism.stream.v1.ConsumeRequest";

/** The method of the capability `groups`. */
export const consumeMethods = { Consume: streamMethod(serveConsume) };

/**
 * Serves one member of a group until its app ends its side or leaves, the binding ends or the member fails. Commits that were read are
 * done before the member leaves; nothing else is committed.
 */
async function serveConsume(call: StreamingServerCall, { resolve }: MethodEnvironment<StreamTypes>): Promise<void> {
  const first = await firstMessage(call, ConsumeRequest, requestName);
  const bound = resolve(first.namespace, call);
  requireCapability(bound, "groups", "Consume");
  const { outstanding, ...join } = checkedJoin(first.action);

  const ending = new AbortController();
  const signal = AbortSignal.any([call.signal, bound.closed, ending.signal]);
  const feed = new MemberFeed({ call, signal, bounds: outstanding, onFailed: (error) => ending.abort(error) });
  const joining = bound.pattern.join!(join, feed, new ServerCallContext(bound.namespace, call, signal));
  const member = await joined(joining, signal);
  // A commit goes on when the binding ends: only the call's own end is a reason to give it up.
  const context = new ServerCallContext(bound.namespace, call);
  const commits = new CommitQueue({
    commit: async (positions) => member.commit(positions, context),
    tell: (positions) => feed.committed(positions),
  });
  try {
    const taken = takeCommits(call, { bound, feed, commits });
    await Promise.race([taken, commits.failed, rejectedOnAbort(signal)]);
    await Promise.race([commits.settled(), commits.failed, rejectedOnAbort(call.signal)]);
  } finally {
    await commits.settled();
    ending.abort();
    await member.leave();
  }
}

/** A member that comes to be when nobody waits for it any more leaves at once. */
async function joined(joining: Awaitable<GroupMember>, signal: AbortSignal): Promise<GroupMember> {
  const member = Promise.resolve(joining);
  try {
    return await Promise.race([member, rejectedOnAbort(signal)]);
  } catch (error) {
    await member.then((late) => late.leave());
    throw error;
  }
}

async function takeCommits(
  call: StreamingServerCall,
  { bound, feed, commits }: { bound: BoundStream; feed: MemberFeed; commits: CommitQueue },
): Promise<void> {
  for await (const message of call.messages()) {
    const positions = checkedCommit(bound, decodeMessage(ConsumeRequest, message, requestName));
    feed.checkDelivered(positions);
    commits.add(positions);
  }
}
