// The scripts of a log. Each runs alone, so each is atomic; they find all names under the log's base:
//
//     log           hash: how many partitions there are, and of partition P the next offset (next:P), what retention has left
//                   (from:P), when the last record was appended (last:P), and how many bytes its records count for (bytes:P)
//     records:P     Redis stream of a partition's records; the id of one is its offset and one, a dash, and when it was appended
//     groups        set of the groups, encoded
//     places:GROUP  hash of a group: of partition P where it began (begun:P), what it has committed (committed:P), which member is to
//                   have it (owner:P), which has it (holder:P), and how often that has changed (epoch:P)
//     members:GROUP hash of the members of a group: until when each is there without another word, in ms, and which process it is in
//
// Offsets grow by one, in the order in which the scripts run: a reader that sees one record sees all before it.
import { messageLayout } from "./message-record.js";
import { always, growing, numbers, script } from "./scripts.js";

/** How many records a read takes from a partition at a time, so that few are taken in vain when they are large. */
const chunkRecords = 16;

/** How many records one script removes, and how many bytes, so that none keeps the server for more than a few ms. */
const removedMax = 500;
const removedBytesMax = 16 * 2 ** 20;

/** How many records an append removes for each that it adds, so that a log that is too large shrinks. */
const removedPerAppend = 2;

/** What an append says when the log has another number of partitions than it is bound with. */
export const partitionsDiffer = -1;

/** Part of a script, after `numbers` and a local `logBase`, what the log's names start with: partitions and their records. */
export const logParts = `
local log = logBase .. 'log'

local function recordsOf(partition)
  return logBase .. 'records:' .. partition
end

local function sizeOf(record)
  return (struct.unpack('>I4', record, ${messageLayout.sizeAt + 1}))
end

-- A number that is kept of a partition.
local function kept(name, partition)
  return tonumber(redis.call('HGET', log, name .. ':' .. partition) or 0)
end

-- Offset and time of a record.
local function placeOf(id)
  local after, appendedAt = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(after) - 1, tonumber(appendedAt)
end

-- Removes the oldest records that are too old or too many, up to so many; the newest stays however large it is. Returns how many.
local function retain(partition, oldestMs, bytesMax, removedMax)
  local name, bytes, last = recordsOf(partition), kept('bytes', partition), kept('next', partition) - 1
  local removed, freed, from = 0, 0, nil
  local start = '-'
  while removed < removedMax and freed < ${removedBytesMax} do
    local found = redis.call('XRANGE', name, start, '+', 'COUNT', 1)[1]
    if not found then break end
    local offset, appendedAt = placeOf(found[1])
    if appendedAt > oldestMs and (bytes - freed <= bytesMax or offset == last) then break end
    removed, freed, from = removed + 1, freed + sizeOf(found[2][2]), offset + 1
    start = int(offset + 2)
  end
  if removed > 0 then
    redis.call('XTRIM', name, 'MINID', int(from + 1))
    redis.call('HSET', log, 'from:' .. partition, int(from), 'bytes:' .. partition, int(bytes - freed))
  end
  return removed
end

local times, added = {}, {}

-- Appends a record to a partition; returns its offset as text.
local function append(partition, record, now)
  -- The server's clock may be set back; times of a partition do not.
  times[partition] = times[partition] or math.max(now, kept('last', partition))
  added[partition] = (added[partition] or 0) + 1
  local after = redis.call('HINCRBY', log, 'next:' .. partition, 1)
  redis.call('XADD', recordsOf(partition), int(after) .. '-' .. int(times[partition]), 'r', record)
  redis.call('HINCRBY', log, 'bytes:' .. partition, int(sizeOf(record)))
  return int(after - 1)
end

-- Ends what was appended by this script.
local function endAppends(bytesMax)
  for partition, count in pairs(added) do
    redis.call('HSET', log, 'last:' .. partition, int(times[partition]))
    if kept('bytes', partition) > bytesMax then retain(partition, -1, bytesMax, ${removedPerAppend} * count) end
  end
end
`;

/**
 * What all scripts of a log begin with.
 *
 * KEYS 1: the name `log`. ARGV 1: the base · 2: the channel on which is told that records have come.
 */
const opened = `${numbers}
local logBase, channel = ARGV[1], ARGV[2]
${logParts}`;

/**
 * Makes a log unless it is there.
 *
 * ARGV 3: how many partitions. Returns how many it has, and whether it was made (1 or 0).
 */
export const makeLogScript = script(
  growing,
  opened,
  `
local made = redis.call('HSETNX', log, 'partitions', ARGV[3])
return { tonumber(redis.call('HGET', log, 'partitions')), made }
`,
);

/**
 * Appends records, those of one partition in order.
 *
 * ARGV from 3: how many partitions the log has · the most bytes of a partition, '' for any · then two per record: partition · record.
 * Returns an offset per record as text, or `partitionsDiffer` and how many partitions there are.
 */
export const appendScript = script(
  growing,
  opened,
  `
redis.call('HSETNX', log, 'partitions', ARGV[3])
local partitions = redis.call('HGET', log, 'partitions')
if partitions ~= ARGV[3] then return { ${partitionsDiffer}, tonumber(partitions) } end
local now, offsets = nowMs(), {}
for i = 5, #ARGV, 2 do offsets[#offsets + 1] = append(ARGV[i], ARGV[i + 1], now) end
endAppends(tonumber(ARGV[4]) or math.huge)
if redis.call('PUBSUB', 'NUMSUB', channel)[2] > 0 then redis.call('PUBLISH', channel, '') end
return offsets
`,
);

/**
 * Reads records of a partition, up to so many and so many bytes; a first one that is larger alone.
 *
 * ARGV from 3: partition · offset to begin at · offset to end before · how many records · how many bytes.
 * Returns two per record: its id in the Redis stream, and the record.
 */
export const readScript = script(
  always,
  opened,
  `
local name, from, last, wanted, room = recordsOf(ARGV[3]), tonumber(ARGV[4]), ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])
local page, found = {}, 0
local start = int(from + 1)
while found < wanted do
  local count = math.min(wanted - found, ${chunkRecords})
  local chunk = redis.call('XRANGE', name, start, last, 'COUNT', count)
  for _, entry in ipairs(chunk) do
    local record = entry[2][2]
    room = room - sizeOf(record)
    if found > 0 and room < 0 then return page end
    found = found + 1
    page[2 * found - 1], page[2 * found] = entry[1], record
    start = int(placeOf(entry[1]) + 2)
  end
  if #chunk < count then break end
end
return page
`,
);

/**
 * Finds the first record that was appended at a time or later: times never fall within a partition.
 *
 * ARGV from 3: partition · the time, in ms. Returns its offset as text, that of the next record to come when there is none.
 */
export const sinceScript = script(
  always,
  opened,
  `
local partition, sinceMs = ARGV[3], tonumber(ARGV[4])
local low, high = kept('from', partition), kept('next', partition)
while low < high do
  local middle = math.floor((low + high) / 2)
  local entry = redis.call('XRANGE', recordsOf(partition), int(middle + 1), '+', 'COUNT', 1)[1]
  local offset, appendedAt = placeOf(entry[1])
  if appendedAt >= sinceMs then high = middle else low = offset + 1 end
end
return int(low)
`,
);

/**
 * Removes records that are too old or too many.
 *
 * ARGV from 3: how old records get in ms, '' for any age · the most bytes of a partition, '' for any · the partitions to look at.
 * Returns the partitions in which more may be due.
 */
export const retainScript = script(
  always,
  opened,
  `
local oldestMs = nowMs() - (tonumber(ARGV[3]) or math.huge)
local bytesMax, left, more = tonumber(ARGV[4]) or math.huge, ${removedMax}, {}
for i = 5, #ARGV do
  left = left - (left > 0 and retain(ARGV[i], oldestMs, bytesMax, left) or 0)
  if left <= 0 then more[#more + 1] = ARGV[i] end
end
return more
`,
);
