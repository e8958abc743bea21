// The scripts of a log's groups; stream-scripts.ts says what there is.
//
// The server says whose each partition is to be (its owner); whoever is to have it holds it before it reads the first record, and lets
// it go after its member was told. So a partition is never read for two members.
//
// Each process says again and again which members it has: what it does not name any more, as when it could not tell in an outage that a
// member left, is gone. A process is there for as long as it listens on a channel of its own, and was heard of not long ago: when it
// dies, its members and what they hold are free at the next look; when only its network does, Redis may keep its connection for minutes.
import { always, numbers, script } from "./scripts.js";

/** What `shareScript` says to a process whose channel nobody listens on. */
export const notThere = -1;

/**
 * What all scripts of a group begin with.
 *
 * KEYS 1: the name `log`. ARGV 1: the log's base · 2: the channel on which is told that partitions can be taken · 3: the group, encoded.
 */
const opened = `${numbers}
local base, channel, group = ARGV[1], ARGV[2], ARGV[3]
local log, places, members = base .. 'log', base .. 'places:' .. group, base .. 'members:' .. group

local function ring()
  if redis.call('PUBSUB', 'NUMSUB', channel)[2] > 0 then redis.call('PUBLISH', channel, '') end
end

local heard = {}
local function isHeard(process)
  if heard[process] == nil then heard[process] = redis.call('PUBSUB', 'NUMSUB', process)[2] > 0 end
  return heard[process]
end

local function mapOf(flat)
  local map = {}
  for i = 1, #flat, 2 do map[flat[i]] = flat[i + 1] end
  return map
end
`;

/**
 * Notes which members the process has, and until when they are there without another word. A group that is new begins in every partition
 * where its first member wants it to. Then shares the partitions among the members that are there, and moves as few as that allows; what
 * is free is held by its owner from now on.
 *
 * ARGV from 4: the process's channel · how many partitions the log has · how long its members are there now, in ms · two per member of
 * the process: its name · "1" to begin at the latest record.
 * Returns `notThere`, or five per partition that these members are to have or hold: its number, who is to have it, who holds it, how often
 * that has changed, and where to read on.
 */
export const shareScript = script(
  always,
  opened,
  `
local process, partitions, now = ARGV[4], tonumber(ARGV[5]), nowMs()
if not isHeard(process) then return { ${notThere} } end
local noted, mine = mapOf(redis.call('HGETALL', members)), {}
for i = 7, #ARGV, 2 do
  local member, isLatest = ARGV[i], ARGV[i + 1] == '1'
  if not noted[member] then
    redis.call('SADD', base .. 'groups', group)
    for partition = 0, partitions - 1 do
      local begin = isLatest and redis.call('HGET', log, 'next:' .. partition) or '0'
      redis.call('HSETNX', places, 'begun:' .. partition, begin)
    end
  end
  mine[member] = true
  noted[member] = int(now + ARGV[6]) .. ' ' .. process
  redis.call('HSET', members, member, noted[member])
end

local shares, sharers = {}, {}
for member, note in pairs(noted) do
  local untilMs, its = string.match(note, '^(%d+) (.*)$')
  if mine[member] or its and its ~= process and tonumber(untilMs) > now and isHeard(its) then
    shares[member] = {}
    sharers[#sharers + 1] = member
  else
    redis.call('HDEL', members, member)
  end
end
if #sharers == 0 then return {} end

local place = mapOf(redis.call('HGETALL', places))
local owners, free = {}, {}
for partition = 0, partitions - 1 do
  local share = shares[place['owner:' .. partition]]
  if share then share[#share + 1] = partition else free[#free + 1] = partition end
end
table.sort(sharers, function(a, b)
  if #shares[a] ~= #shares[b] then return #shares[a] > #shares[b] end
  return a < b
end)
local function quotaOf(rank)
  return math.floor(partitions / #sharers) + (rank <= partitions % #sharers and 1 or 0)
end
-- Whoever has too many gives up the last ones before anybody gets them.
for rank, member in ipairs(sharers) do
  while #shares[member] > quotaOf(rank) do free[#free + 1] = table.remove(shares[member]) end
end
for rank, member in ipairs(sharers) do
  while #shares[member] < quotaOf(rank) do table.insert(shares[member], table.remove(free, 1)) end
  for _, partition in ipairs(shares[member]) do owners[partition] = member end
end

local result, isChanged = {}, false
for partition = 0, partitions - 1 do
  local owner, holder, epoch = owners[partition], place['holder:' .. partition], tonumber(place['epoch:' .. partition] or 0)
  if place['owner:' .. partition] ~= owner then
    redis.call('HSET', places, 'owner:' .. partition, owner)
    isChanged = true
  end
  if mine[owner] and not shares[holder] then
    holder, epoch = owner, epoch + 1
    redis.call('HSET', places, 'holder:' .. partition, holder, 'epoch:' .. partition, epoch)
  end
  if mine[owner] or mine[holder] then
    local committed = place['committed:' .. partition]
    local from = committed and int(tonumber(committed) + 1) or place['begun:' .. partition] or '0'
    for _, value in ipairs({ partition, owner, holder or '', epoch, from }) do result[#result + 1] = value end
  end
end
if isChanged then ring() end
return result
`,
);

/** Lets partitions go. ARGV from 4, two per partition: its number · who holds it. */
export const letGoScript = script(
  always,
  opened,
  `
for i = 4, #ARGV, 2 do
  if redis.call('HGET', places, 'holder:' .. ARGV[i]) == ARGV[i + 1] then redis.call('HDEL', places, 'holder:' .. ARGV[i]) end
end
ring()
`,
);

/**
 * Commits positions, unless somebody else has their partitions by now.
 *
 * ARGV from 4, three per position: partition · epoch · offset. Returns per position whether it counted (1 or 0).
 */
export const commitScript = script(
  always,
  opened,
  `
local results = {}
for i = 4, #ARGV, 3 do
  local epoch = redis.call('HGET', places, 'epoch:' .. ARGV[i])
  local committed = tonumber(redis.call('HGET', places, 'committed:' .. ARGV[i]) or -1)
  local counts = epoch == ARGV[i + 1] and tonumber(ARGV[i + 2]) >= committed
  if counts then redis.call('HSET', places, 'committed:' .. ARGV[i], ARGV[i + 2]) end
  results[#results + 1] = counts and 1 or 0
end
return results
`,
);
