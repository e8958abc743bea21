// The scripts that read and write single keys. Each runs alone, so each is atomic; scripts.ts has what they share.
import { etagSourceBytes, idempotencyWindowMs } from "@prism-data/pattern-sdk";
import { recordLayout } from "./record.js";
import { changes, namespace, script, writes } from "./scripts.js";

/** What became of one write of `setScript`. */
export const setStatus = { applied: 0, keyExists: 1, etagMismatch: 2, tokenStale: 3, replayed: 4 } as const;

/** What became of one removal of `deleteScript`. */
export const deleteStatus = { missing: 0, removed: 1, etagMismatch: 2 } as const;

/** What became of an increment. */
export const incrementStatus = { applied: 0, notACounter: 1, overflow: 2 } as const;

/** The conditions of a set, a removal and a transaction; `etag` is followed by the etag. */
export const conditionMark = { none: "", absent: "-", present: "+", etag: "=" } as const;

/** The mutations of a transaction. */
export const mutationMark = { set: "s", delete: "d" } as const;

/** One more than the longest int64 in decimal: a value of this length is no counter. */
const counterBytesTooMany = 21;

/**
 * Writes keys, in order, each on its own.
 *
 * ARGV from 4, five per write: key · record · when it expires (ms, or '') · condition · idempotency token (its time as 8 bytes
 * that order as text does, then the nonce; or '').
 * Returns two per write: a `setStatus`, and the etag: of the write itself when it was applied, of the first answer when it was
 * replayed, else the current one, '' when the key is missing.
 */
export const setScript = script(
  "#!lua",
  namespace,
  changes,
  writes,
  `
-- Tokens are compared byte by byte: Lua's own comparison of strings depends on the server's locale.
local function isOlder(token, than)
  for i = 1, math.min(#token, #than) do
    local a, b = string.byte(token, i), string.byte(than, i)
    if a ~= b then return a < b end
  end
  return #token < #than
end

-- Returns a status and an etag when the token decides the write.
local function replay(key, token)
  local kept = redis.call('GET', base .. 't:' .. key)
  if not kept then return nil end
  local last = string.sub(kept, ${etagSourceBytes + 1})
  if token == last then return ${setStatus.replayed}, string.sub(kept, 1, ${etagSourceBytes}) end
  if isOlder(token, last) then return ${setStatus.tokenStale}, '' end
  return nil
end

-- Returns a status and the current etag when the condition does not hold.
local function refuse(key, condition)
  if condition == '' then return nil end
  local current = etagOf(key)
  if condition == '${conditionMark.absent}' then
    if current ~= '' then return ${setStatus.keyExists}, current end
  elseif '${conditionMark.etag}' .. current ~= condition then
    return ${setStatus.etagMismatch}, current
  end
  return nil
end

local results = {}
for i = 4, #ARGV, 5 do
  local key, record, expiresAt, condition, token = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4]
  local status, etag
  if token ~= '' then status, etag = replay(key, token) end
  if not status then status, etag = refuse(key, condition) end
  if not status then
    status, etag = ${setStatus.applied}, string.sub(record, ${recordLayout.etagAt + 1}, ${recordLayout.valueAt})
    put(key, record, expiresAt)
    if token ~= '' then redis.call('SET', base .. 't:' .. key, etag .. token, 'PX', ${idempotencyWindowMs}) end
  end
  results[#results + 1] = status
  results[#results + 1] = etag
end
return results
`,
);

/**
 * Removes keys, in order, each on its own.
 *
 * ARGV from 4, two per removal: key · condition ('' or an etag).
 * Returns two per removal: a `deleteStatus`, and on a mismatch the current etag, '' when the key is missing.
 */
export const deleteScript = script(
  "#!lua flags=allow-oom",
  namespace,
  changes,
  writes,
  `
local results = {}
for i = 4, #ARGV, 2 do
  local key, condition = ARGV[i], ARGV[i + 1]
  local status, etag = nil, ''
  if condition ~= '' then
    etag = etagOf(key)
    if '${conditionMark.etag}' .. etag ~= condition then status = ${deleteStatus.etagMismatch} end
  end
  results[#results + 1] = status or remove(key)
  results[#results + 1] = etag
end
return results
`,
);

/**
 * Reads keys.
 *
 * ARGV from 4: how many bytes of keys and values may be returned · the keys.
 * Returns one per key: the record, '' when the key is missing, or 0 when it does not fit any more. The first is always returned.
 */
export const batchGetScript = script(
  "#!lua flags=no-writes",
  `
local base, room = ARGV[1], tonumber(ARGV[4])
local results = {}
for i = 5, #ARGV do
  local name = base .. 'v:' .. ARGV[i]
  local sizeBytes = redis.call('STRLEN', name)
  if sizeBytes > room and i > 5 then
    results[#results + 1] = 0
  else
    room = room - sizeBytes
    results[#results + 1] = redis.call('GET', name) or ''
  end
end
return results
`,
);

/**
 * Gives a key a time to live; the record's header follows.
 *
 * ARGV from 4: key · the expiry as it stands in a record · the same in ms as text.
 * Returns 1 if the key is there, else 0.
 */
export const expireScript = script(
  "#!lua flags=allow-oom",
  namespace,
  `
local key, name = ARGV[4], valueName(ARGV[4])
if redis.call('EXISTS', name) == 0 then return 0 end
redis.call('SETRANGE', name, ${recordLayout.expiryAt}, ARGV[5])
redis.call('PEXPIREAT', name, ARGV[6])
if indexed then redis.call('ZADD', expiry, ARGV[6], key) end
return 1
`,
);

/**
 * Takes a key's time to live away; the record's header follows.
 *
 * ARGV from 4: key · "never" as it stands in a record.
 * Returns 1 if the key is there, else 0.
 */
export const persistScript = script(
  "#!lua flags=allow-oom",
  namespace,
  `
local key, name = ARGV[4], valueName(ARGV[4])
if redis.call('EXISTS', name) == 0 then return 0 end
redis.call('SETRANGE', name, ${recordLayout.expiryAt}, ARGV[5])
redis.call('PERSIST', name)
if indexed then redis.call('ZREM', expiry, key) end
return 1
`,
);

/**
 * Adds to a decimal int64. Lua's numbers are doubles, exact to 2^53, so a number is held as two: billions and the rest, both
 * with its sign.
 *
 * ARGV from 4: key · what to add, in decimal · the header of a record that never expires, with the new etag.
 * Returns an `incrementStatus`, and the sum in decimal when it was applied.
 */
export const incrementScript = script(
  "#!lua",
  namespace,
  changes,
  writes,
  `
local billion = 1000000000

local function parse(text)
  local sign, digits = string.match(text, '^(%-?)([1-9]%d*)$')
  if text == '0' then return 0, 0 end
  if not digits or #digits > 19 then return nil end
  local high, low = tonumber(string.sub(digits, 1, -10)) or 0, tonumber(string.sub(digits, -9))
  if sign == '-' then return -high, -low end
  return high, low
end

local function fitsInt64(high, low)
  if high < 0 or low < 0 then return high > -9223372036 or (high == -9223372036 and low >= -854775808) end
  return high < 9223372036 or (high == 9223372036 and low <= 854775807)
end

-- Carries, so that both parts have one sign and the low one less than a billion.
local function add(high, low, addHigh, addLow)
  high, low = high + addHigh, low + addLow
  if low >= billion then high, low = high + 1, low - billion end
  if low <= -billion then high, low = high - 1, low + billion end
  if high > 0 and low < 0 then high, low = high - 1, low + billion end
  if high < 0 and low > 0 then high, low = high + 1, low - billion end
  return high, low
end

local function format(high, low)
  if high == 0 then return string.format('%.0f', low) end
  return string.format('%.0f%09.0f', high, math.abs(low))
end

local key, name = ARGV[4], valueName(ARGV[4])
local header, text = ARGV[6], '0'
local at = ''
local current = redis.call('GETRANGE', name, 0, ${recordLayout.valueAt + counterBytesTooMany - 1})
if current ~= '' then
  text = string.sub(current, ${recordLayout.valueAt + 1})
  local kept = redis.call('PEXPIRETIME', name)
  if kept > 0 then
    at = string.format('%.0f', kept)
    header = string.sub(header, 1, ${recordLayout.expiryAt}) .. string.sub(current, ${recordLayout.expiryAt + 1}, ${recordLayout.etagAt}) .. string.sub(header, ${recordLayout.etagAt + 1})
  end
end
local high, low = parse(text)
if not high or not fitsInt64(high, low) then return { ${incrementStatus.notACounter} } end
high, low = add(high, low, parse(ARGV[5]))
if not fitsInt64(high, low) then return { ${incrementStatus.overflow} } end
local sum = format(high, low)
put(key, header .. sum, at)
return { ${incrementStatus.applied}, sum }
`,
);

/**
 * Checks all conditions, then applies all mutations in order.
 *
 * ARGV from 4: the number of conditions · two per condition: key, test ('+' is there, '-' is missing, or an etag) · four per
 * mutation: kind, key, and for a set its record and when it expires (ms, or '').
 * Returns 0 and the index of the first condition that does not hold, or 1 and one per mutation: 1 for a set; for a removal 1 if
 * the key was there, else 0.
 */
export const transactScript = script(
  "#!lua",
  namespace,
  changes,
  writes,
  `
local conditions = tonumber(ARGV[4])
for i = 0, conditions - 1 do
  local etag, test = etagOf(ARGV[5 + 2 * i]), ARGV[6 + 2 * i]
  local holds
  if test == '${conditionMark.present}' then
    holds = etag ~= ''
  elseif test == '${conditionMark.absent}' then
    holds = etag == ''
  else
    holds = '${conditionMark.etag}' .. etag == test
  end
  if not holds then return { 0, i } end
end
local results = { 1 }
for i = 5 + 2 * conditions, #ARGV, 4 do
  if ARGV[i] == '${mutationMark.set}' then
    put(ARGV[i + 1], ARGV[i + 2], ARGV[i + 3])
    results[#results + 1] = 1
  else
    results[#results + 1] = remove(ARGV[i + 1])
  end
end
return results
`,
);
