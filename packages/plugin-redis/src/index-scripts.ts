// The scripts that read, keep and build the index of a namespace. Each runs alone, so each is atomic; scripts.ts has what they
// share, and key-index.ts says how a build and concurrent writers get along.
import { recordLayout } from "./record.js";
import { changes, etagRange, indexState, namespace, purging, script } from "./scripts.js";

/** How many keys one scan script looks at, so that it ends soon also when values are missing: about 10 ms. */
const scanKeysMax = 10_000;

/** How many keys a scan reads from the index at a time. */
const scanChunkKeys = 256;

/**
 * Reads a page of the index with its records, in order.
 *
 * ARGV from 4: the range's lower and upper bound as ZRANGEBYLEX takes them · how many entries at most · how many bytes of keys
 * and values at most · "1" for headers without values.
 * Returns 0 when the index is not complete; else 1, whether more follow (1 or 0), the last key that was looked at, and two per
 * entry: key and record.
 */
export const scanScript = script(
  "#!lua flags=allow-oom",
  namespace,
  changes,
  purging,
  `
if not isBuilt() then return { 0 } end
local min, max, limit, room = ARGV[4], ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])
local headersOnly = ARGV[8] == '1'
local page, seen, found, last = { 1, 1, '' }, 0, 0, ''

-- Returns whether the entry fits the page.
local function add(key, sizeBytes)
  local needed = #key + (headersOnly and 0 or sizeBytes - ${recordLayout.valueAt})
  if found > 0 and needed > room then return false end
  room, found = room - needed, found + 1
  page[#page + 1] = key
  page[#page + 1] = headersOnly and redis.call('GETRANGE', valueName(key), 0, ${etagRange.to}) or redis.call('GET', valueName(key))
  return true
end

local function fill()
  while found < limit and seen < ${scanKeysMax} do
    local chunk = math.min(limit - found, ${scanChunkKeys})
    local keys = redis.call('ZRANGEBYLEX', index, min, max, 'LIMIT', 0, chunk)
    for _, key in ipairs(keys) do
      local sizeBytes = redis.call('STRLEN', valueName(key))
      if sizeBytes == 0 then forget(key) elseif not add(key, sizeBytes) then return 1 end
      seen, last = seen + 1, key
    end
    if #keys < chunk then return 0 end
    min = '(' .. last
  end
  return #redis.call('ZRANGEBYLEX', index, min, max, 'LIMIT', 0, 1)
end

page[2] = fill()
page[3] = last
return page
`,
);

/**
 * Counts the keys of a range.
 *
 * ARGV from 4: the range's lower and upper bound as ZLEXCOUNT takes them.
 * Returns -1 when the index is not complete, -2 when expired keys remain to be removed first (call again), else the number.
 */
export const countScript = script(
  "#!lua flags=allow-oom",
  namespace,
  changes,
  purging,
  `
if not isBuilt() then return -1 end
if purge() then return -2 end
return redis.call('ZLEXCOUNT', index, ARGV[4], ARGV[5])
`,
);

/**
 * Removes expired keys from the index and publishes that they have expired.
 *
 * Returns whether more may be due (1 or 0).
 */
export const sweepScript = script(
  "#!lua flags=allow-oom",
  namespace,
  changes,
  purging,
  `
return purge() and 1 or 0
`,
);

/**
 * Begins to build the index, or joins a build that is under way. From here on every writer keeps the index.
 *
 * ARGV 4: the id of a new build. Returns the state: built, or building with the id of the build to take part in.
 */
export const beginIndexScript = script(
  "#!lua",
  `
local current = redis.call('GET', KEYS[1])
if current then return current end
redis.call('UNLINK', KEYS[2], KEYS[3])
redis.call('SET', KEYS[1], ARGV[4])
return ARGV[4]
`,
);

/**
 * Adds existing keys to the index. A key that is gone by now is left out, so a batch and a writer never contradict each other.
 *
 * ARGV from 4: the build's state, as `beginIndexScript` returned it · the keys.
 * Returns 1, or 0 when this build is void: the state is another one.
 */
export const indexKeysScript = script(
  "#!lua",
  namespace,
  `
if redis.call('GET', state) ~= ARGV[4] then return 0 end
for i = 5, #ARGV do
  local at = redis.call('PEXPIRETIME', valueName(ARGV[i]))
  if at ~= -2 then redis.call('ZADD', index, 0, ARGV[i]) end
  if at > 0 then redis.call('ZADD', expiry, at, ARGV[i]) end
end
return 1
`,
);

/**
 * Ends a build that has seen every key.
 *
 * ARGV 4: the build's state. Returns 1 when the index is complete, or 0 when this build is void.
 */
export const finishIndexScript = script(
  "#!lua",
  `
local current = redis.call('GET', KEYS[1])
if current == ARGV[4] then redis.call('SET', KEYS[1], '${indexState.built}') end
return (current == ARGV[4] or current == '${indexState.built}') and 1 or 0
`,
);
