// The scripts of pub-sub. Each runs alone, so each is atomic; they find all names under the namespace's base:
//
//     groups        hash of the groups by their keys: the channel of the process that a group belongs to, or `-`; its name, encoded, or
//                   `-`; its topic
//     topics        sorted set, score 0, of topics without wildcards, each with a zero byte and a group's key
//     patterns      hash of the topics with wildcards by the keys of their groups
//     seen          sorted set of the groups' keys, by when somebody was in them last
//     group:KEY:*   what a group holds: a queue (queue-scripts.ts), into which publishing puts a copy
//     live:*        a log of one partition (stream-scripts.ts) of everything, for those who read it at most once: something is kept only
//                   while somebody has a lease, and not for long
import { queueNames, queueParts } from "./queue-scripts.js";
import { always, growing, numbers, script } from "./scripts.js";
import { logParts } from "./stream-scripts.js";

/** How long what a subscription without a group holds outlives its process's connection: longer than an outage. */
const ownGroupGraceMs = 60_000;

/** The most bytes of messages that are kept for those who read everything; who is further behind loses some. */
export const liveBytesMax = 64 * 2 ** 20;

/**
 * What all scripts of a namespace begin with.
 *
 * KEYS 1: the name `groups`. ARGV 1: the base · 2: the number of the database.
 */
const opened = `${numbers}${queueParts}
local base, database = ARGV[1], ARGV[2]
local now = nowMs()
local logBase = base .. 'live:'
local live = logBase .. 'news:' .. database
${logParts}
local function isHeard(channel)
  return redis.call('PUBSUB', 'NUMSUB', channel)[2] > 0
end

local function groupAt(key, deliveriesMax, retentionMs, spared)
  local groupBase = base .. 'group:' .. key .. ':'
  return queueAt(groupBase, groupBase .. 'news:' .. database, deliveriesMax, retentionMs, spared)
end

local function tokensOf(topic)
  local tokens = {}
  for token in string.gmatch(topic, '[^.]+') do tokens[#tokens + 1] = token end
  return tokens
end

-- A star is one token, a last > one or more.
local function matches(pattern, tokens)
  local wanted = tokensOf(pattern)
  local isOpen = wanted[#wanted] == '>'
  if #tokens < #wanted or not isOpen and #tokens > #wanted then return false end
  for i, token in ipairs(wanted) do
    if token ~= '*' and token ~= tokens[i] and not (isOpen and i == #wanted) then return false end
  end
  return true
end

local patterns
local known = {}

-- The keys of the groups that get what is published to a topic.
local function keysOf(topic)
  if known[topic] then return known[topic] end
  local keys = {}
  for _, member in ipairs(redis.call('ZRANGEBYLEX', base .. 'topics', '[' .. topic .. '\\0', '(' .. topic .. '\\1')) do
    keys[#keys + 1] = string.sub(member, #topic + 2)
  end
  patterns = patterns or redis.call('HGETALL', base .. 'patterns')
  local tokens = tokensOf(topic)
  for i = 1, #patterns, 2 do
    if matches(patterns[i + 1], tokens) then keys[#keys + 1] = patterns[i] end
  end
  known[topic] = keys
  return keys
end

local rung, isWanted = {}, nil

local function publish(topic, record)
  for _, key in ipairs(keysOf(topic)) do
    rung[key] = rung[key] or groupAt(key)
    put(rung[key], record, now, 0)
  end
  isWanted = isWanted == nil and tonumber(redis.call('HGET', log, 'until') or 0) > now or isWanted
  if isWanted then append(0, record, now) end
end

-- Ends what was published by this script.
local function endPublishing()
  for _, group in pairs(rung) do ring(group) end
  if isWanted then
    endAppends(${liveBytesMax})
    if isHeard(live) then redis.call('PUBLISH', live, '') end
  end
end

-- Removes a group with all that it holds.
local function remove(key)
  local topic = string.match(redis.call('HGET', base .. 'groups', key) or '', '^%S+ %S+ (.*)$')
  if topic then redis.call('ZREM', base .. 'topics', topic .. '\\0' .. key) end
  redis.call('HDEL', base .. 'patterns', key)
  redis.call('HDEL', base .. 'groups', key)
  redis.call('ZREM', base .. 'seen', key)
  for _, name in ipairs({ ${queueNames.map((name) => `'${name}'`).join(", ")} }) do
    redis.call('UNLINK', base .. 'group:' .. key .. ':' .. name)
  end
end
`;

/** Publishes messages, in order. ARGV from 3, two per message: topic · record. */
export const publishScript = script(
  growing,
  opened,
  `
for i = 3, #ARGV, 2 do publish(ARGV[i], ARGV[i + 1]) end
endPublishing()
`,
);

/**
 * Lets everything that is published from now on be kept for those who read it.
 *
 * ARGV 3: for how long somebody wants it, in ms. Returns the offset of what comes next, as text.
 */
export const listenScript = script(
  always,
  opened,
  `
redis.call('HSET', log, 'until', int(now + tonumber(ARGV[3])))
return int(kept('next', 0))
`,
);

/**
 * Makes a group unless it is there, and notes that somebody is in it: everything that is published from now on is held for it.
 *
 * ARGV from 3: its key · the channel of the process that it belongs to, '-' for none · its name, encoded, '-' for none · its topic · "1"
 * when that has wildcards.
 */
export const makeGroupScript = script(
  always,
  opened,
  `
local key, topic = ARGV[3], ARGV[6]
redis.call('HSET', base .. 'groups', key, ARGV[4] .. ' ' .. ARGV[5] .. ' ' .. topic)
if ARGV[7] == '1' then
  redis.call('HSET', base .. 'patterns', key, topic)
else
  redis.call('ZADD', base .. 'topics', 0, topic .. '\\0' .. key)
end
redis.call('ZADD', base .. 'seen', int(now), key)
`,
);

/** Removes groups with all that they hold. ARGV from 3: their keys. */
export const removeGroupsScript = script(
  always,
  opened,
  `
for i = 3, #ARGV do remove(ARGV[i]) end
`,
);

/**
 * Goes on with what is due in groups, and removes those that nobody will come back to: nobody was in it and it held nothing for the time that
 * groups keep messages, or its only subscriber's process has gone.
 *
 * ARGV from 3: after how many deliveries a message is given up, '' for never · how long groups keep messages, in ms · then two per group: its
 * key · the topic of its dead letters.
 * Returns the keys of the groups that have dead letters.
 */
export const sweepGroupsScript = script(
  always,
  opened,
  `
local retentionMs, mourning = tonumber(ARGV[4]), {}
for i = 5, #ARGV, 2 do
  local key = ARGV[i]
  local process = string.match(redis.call('HGET', base .. 'groups', key) or '', '^(%S+) ')
  local isOwn = process and process ~= '-'
  local group = isOwn and groupAt(key, '', '', '') or groupAt(key, ARGV[3], ARGV[4], ARGV[i + 1])
  if isHeard(group.channel) or isOwn and isHeard(process) then redis.call('ZADD', base .. 'seen', int(now), key) end
  local seen = tonumber(redis.call('ZSCORE', base .. 'seen', key) or now)
  lapse(group, now)
  dropOld(group, 'ready', now)
  dropOld(group, 'aside', now)
  local isOver
  if isOwn then
    isOver = seen <= now - ${ownGroupGraceMs}
  else
    isOver = seen <= now - retentionMs and redis.call('HLEN', group.base .. 'notes') == 0
  end
  if isOver then
    remove(key)
  elseif redis.call('ZCARD', group.base .. 'dead') > 0 then
    mourning[#mourning + 1] = key
  end
end
return mourning
`,
);

/**
 * Gives up dead letters of a group: those that are still there are removed from it and published.
 *
 * ARGV from 3: the group's key · the topic of dead letters · then two per letter: its number · the record to publish.
 */
export const buryScript = script(
  always,
  opened,
  `
local group, topic = groupAt(ARGV[3]), ARGV[4]
for i = 5, #ARGV, 2 do
  if redis.call('ZSCORE', group.base .. 'dead', ARGV[i]) then
    local message = noteOf(group, ARGV[i])
    unbury(group, message)
    forget(group, message)
    publish(topic, ARGV[i + 1])
  end
end
endPublishing()
`,
);
