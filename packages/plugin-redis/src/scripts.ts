import { createHash } from "node:crypto";
import { recordLayout } from "./record.js";

/**
 * A script and the SHA-1 by which the server knows it.
 *
 * Every script is called with the same keys and first arguments:
 *
 *     KEYS   state, index, expiry of the namespace (key-space.ts)
 *     ARGV   1: what names of the namespace start with · 2: its channel of changes · 3: "1" if the caller needs the index
 *
 * Value and token names are built from ARGV[1] inside: they carry the same hash tag, so they lie in the same slot.
 *
 * Redis runs a script alone and to its end. The first line is read by Redis: a script that begins with `#!` is refused as a whole
 * before it starts when memory is full (unless it says allow-oom, which those do that free memory or grow nothing), on a replica,
 * and when the disk fails. So no script stops half-way, and a failed call has changed nothing. No error of a script carries data.
 */
export interface Script {
  readonly lua: string;
  readonly sha: string;
}

/** The first byte of a message on the channel of changes; then the key's length in 2 bytes, the key, and for a set the record. */
export const changeMark = { set: "s", deleted: "d", expired: "x" } as const;

/** The value of the state key once the index is complete. While it is being built: this, a colon and the build's id. */
export const indexState = { built: "built", building: "building" } as const;

/** How many expired keys one script removes, so that none keeps the server for more than about a millisecond. */
const purgeBatchKeys = 500;

/** Where the etag stands in a record, first and last byte, as GETRANGE counts. */
export const etagRange = { from: recordLayout.etagAt, to: recordLayout.valueAt - 1 } as const;

/**
 * Part of a script: names, and whether the index is to be kept: because the caller needs it, or because another binding does
 * and has marked the namespace.
 */
export const namespace = `
local state, index, expiry = KEYS[1], KEYS[2], KEYS[3]
local base, channel = ARGV[1], ARGV[2]
local indexed = ARGV[3] == '1' or redis.call('EXISTS', state) == 1

local function valueName(key)
  return base .. 'v:' .. key
end

-- The etag of a key; '' when it is missing.
local function etagOf(key)
  return redis.call('GETRANGE', valueName(key), ${etagRange.from}, ${etagRange.to})
end
`;

/**
 * Part of a script, after `namespace`. Changes are published only while somebody listens: without a watcher they cost one
 * look-up. Publishing inside the script puts each change on the channel exactly once, in the order of the writes.
 */
export const changes = `
local watched = indexed and redis.call('PUBSUB', 'NUMSUB', channel)[2] > 0

local function publish(mark, key, record)
  if watched then
    redis.call('PUBLISH', channel, mark .. struct.pack('>I2', #key) .. key .. (record or ''))
  end
end

-- Takes a key that Redis has expired by itself out of the index, and says so.
local function forget(key)
  redis.call('ZREM', expiry, key)
  if redis.call('ZREM', index, key) == 1 then publish('${changeMark.expired}', key) end
end

-- Before a change of a key is published, its unpublished expiry is.
local function settle(key)
  if watched and redis.call('ZSCORE', expiry, key) and redis.call('EXISTS', valueName(key)) == 0 then forget(key) end
end
`;

/** Part of a script, after `changes`: the two ways in which a key changes; all scripts that write go through them. */
export const writes = `
-- expiresAt: ms since the epoch as text; '' for never.
local function put(key, record, expiresAt)
  settle(key)
  if expiresAt == '' then
    redis.call('SET', valueName(key), record)
  else
    redis.call('SET', valueName(key), record, 'PXAT', expiresAt)
  end
  if indexed then
    redis.call('ZADD', index, 0, key)
    if expiresAt == '' then redis.call('ZREM', expiry, key) else redis.call('ZADD', expiry, expiresAt, key) end
    publish('${changeMark.set}', key, record)
  end
end

-- Returns 1 if the key was there, else 0.
local function remove(key)
  settle(key)
  local existed = redis.call('UNLINK', valueName(key))
  if indexed then
    redis.call('ZREM', index, key)
    redis.call('ZREM', expiry, key)
    if existed == 1 then publish('${changeMark.deleted}', key) end
  end
  return existed
end
`;

/**
 * Part of a script, after `changes`: removes what has expired from the index. Redis has removed the value itself; a key that it
 * still shows is left alone.
 */
export const purging = `
-- Returns whether more may be due.
local function purge()
  local time = redis.call('TIME')
  local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
  local due = redis.call('ZRANGEBYSCORE', expiry, '-inf', '(' .. now, 'LIMIT', 0, ${purgeBatchKeys})
  local forgotten = 0
  for _, key in ipairs(due) do
    local at = redis.call('PEXPIRETIME', valueName(key))
    if at == -2 then
      forget(key)
      forgotten = forgotten + 1
    elseif at == -1 then
      redis.call('ZREM', expiry, key)
    else
      redis.call('ZADD', expiry, at, key)
    end
  end
  return #due == ${purgeBatchKeys} and forgotten > 0
end

local function isBuilt()
  return redis.call('GET', state) == '${indexState.built}'
end
`;

/** The first line of scripts that take memory. */
export const growing = "#!lua";

/** The first line of scripts that free memory or hardly take any: they run also when it is full. */
export const always = "#!lua flags=allow-oom";

/** Part of a script: the time, and numbers as text. */
export const numbers = `
local function nowMs()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function int(number)
  return string.format('%.0f', number)
end
`;

/**
 * Asks whether the server would take a write now, and for its time. Needs no keys and no arguments.
 *
 * Returns seconds and microseconds, as TIME does.
 */
export const probeScript = script("#!lua flags=allow-oom", "return redis.call('TIME')");

/** Builds a script from its first line and its parts. */
export function script(flags: string, ...parts: string[]): Script {
  const lua = `${flags}\n${parts.join("")}`;
  return { lua, sha: createHash("sha1").update(lua).digest("hex") };
}
