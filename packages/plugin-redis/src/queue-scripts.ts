// The scripts of a queue. Each runs alone, so each is atomic; they find all names under the queue's base:
//
//     meta          hash: how many messages were sent, how many died
//     records       hash of all messages by their number (message-record.ts)
//     notes         hash of what becomes of them: when sent, how often delivered, bytes, tag, cause of the last rejection.
//                   The tag is the lease's token, or when the message died, or `-`
//     ready         sorted set of numbers, in the order in which they are received: by when they were sent, or their delay ended
//     leased        sorted set of numbers, by when the lease ends
//     delayed       sorted set of numbers, by when the delay ends
//     dead          sorted set of numbers, in the order in which they died
//     dead-ids      sorted set of message ids with numbers, score 0: in order of their bytes
//     aside         sorted set by when they were sent of the numbers that are not in that order elsewhere: dead, and ever delayed
//     ids           hash of deduplication ids, with the id of the message that was sent
//     id-times      sorted set of deduplication ids, by when that was
//
// Numbers have 16 digits, so that those of one score stand in order.
import { messageLayout } from "./message-record.js";
import { always, growing, numbers, script } from "./scripts.js";

/** How many messages of each kind one script moves that are due, so that none keeps the server for more than a few ms. */
const dueMax = 500;

/** How many ready messages a receive reads at a time. */
const chunkMessages = 100;

/** What a queue has under its base. */
export const queueNames = [
  "meta",
  "records",
  "notes",
  "ready",
  "leased",
  "delayed",
  "dead",
  "dead-ids",
  "aside",
  "ids",
  "id-times",
] as const;

/** Part of a script, after `numbers`: queues, and what becomes of their messages. */
export const queueParts = `
-- channel: where is told that there is something to receive.
local function queueAt(base, channel, deliveriesMax, retentionMs, spared)
  local queue = { base = base, channel = channel, spared = spared }
  queue.deliveriesMax = tonumber(deliveriesMax) or math.huge
  queue.retentionMs = tonumber(retentionMs) or math.huge
  return queue
end

local function noteOf(queue, number)
  local note = redis.call('HGET', queue.base .. 'notes', number)
  if not note then return nil end
  local sentAt, count, size, tag, cause = string.match(note, '^(%d+) (%d+) (%d+) (%S+) (.*)$')
  return {
    number = number, sentAt = tonumber(sentAt), count = tonumber(count), size = tonumber(size), tag = tag, cause = cause,
  }
end

local function keep(queue, message)
  local numbersOf = int(message.sentAt) .. ' ' .. int(message.count) .. ' ' .. int(message.size)
  redis.call('HSET', queue.base .. 'notes', message.number, numbersOf .. ' ' .. message.tag .. ' ' .. message.cause)
end

local function idOf(record)
  return (struct.unpack('>I2c0', record, ${messageLayout.textsAt + 1}))
end

-- The start of a message's places among the dead by its id.
local function deadId(id)
  return struct.pack('>I1', #id) .. id
end

local function recordOf(queue, number)
  return redis.call('HGET', queue.base .. 'records', number)
end

local function setAside(queue, message)
  redis.call('ZADD', queue.base .. 'aside', int(message.sentAt), message.number)
end

-- Removes a message that lies nowhere but among all.
local function forget(queue, message)
  redis.call('HDEL', queue.base .. 'records', message.number)
  redis.call('HDEL', queue.base .. 'notes', message.number)
end

-- Takes a dead message out from among the dead.
local function unbury(queue, message)
  redis.call('ZREM', queue.base .. 'dead', message.number)
  redis.call('ZREM', queue.base .. 'dead-ids', deadId(idOf(recordOf(queue, message.number))) .. message.number)
  redis.call('ZREM', queue.base .. 'aside', message.number)
end

-- Removes a message that is ready, delayed or dead.
local function drop(queue, message)
  if redis.call('ZSCORE', queue.base .. 'dead', message.number) then unbury(queue, message) end
  redis.call('ZREM', queue.base .. 'ready', message.number)
  redis.call('ZREM', queue.base .. 'delayed', message.number)
  redis.call('ZREM', queue.base .. 'aside', message.number)
  forget(queue, message)
end

local function die(queue, message, now)
  local death = redis.call('HINCRBY', queue.base .. 'meta', 'deaths', 1)
  redis.call('ZADD', queue.base .. 'dead', death, message.number)
  redis.call('ZADD', queue.base .. 'dead-ids', 0, deadId(idOf(recordOf(queue, message.number))) .. message.number)
  setAside(queue, message)
  message.tag = int(now)
  keep(queue, message)
end

-- Whether a message was delivered as often as it may be.
local function isWorn(queue, message)
  if message.count < queue.deliveriesMax then return false end
  if queue.spared == '' then return true end
  local _, _, _, topic = struct.unpack('>I2c0I2c0I2c0I2c0', recordOf(queue, message.number), ${messageLayout.textsAt + 1})
  return topic ~= queue.spared
end

local function isTooOld(queue, message, now)
  return now - message.sentAt >= queue.retentionMs
end

-- Does with a message, which lies nowhere now, what becomes of it when its worker has not handled it.
local function giveBack(queue, message, now, delayMs)
  if isTooOld(queue, message, now) then return drop(queue, message) end
  if isWorn(queue, message) then return die(queue, message, now) end
  message.tag = '-'
  keep(queue, message)
  if delayMs > 0 then
    redis.call('ZADD', queue.base .. 'delayed', int(now + delayMs), message.number)
    setAside(queue, message)
  else
    redis.call('ZADD', queue.base .. 'ready', int(message.sentAt), message.number)
  end
end

-- Goes on with messages whose lease or delay has ended. Returns whether more may be due.
local function lapse(queue, now)
  local ended = redis.call('ZRANGEBYSCORE', queue.base .. 'leased', '-inf', int(now), 'LIMIT', 0, ${dueMax})
  for _, number in ipairs(ended) do
    redis.call('ZREM', queue.base .. 'leased', number)
    giveBack(queue, noteOf(queue, number), now, 0)
  end
  local due = redis.call('ZRANGEBYSCORE', queue.base .. 'delayed', '-inf', int(now), 'WITHSCORES', 'LIMIT', 0, ${dueMax})
  for i = 1, #due, 2 do
    local message = noteOf(queue, due[i])
    redis.call('ZREM', queue.base .. 'delayed', due[i])
    if isTooOld(queue, message, now) then
      drop(queue, message)
    else
      redis.call('ZADD', queue.base .. 'ready', due[i + 1], due[i])
    end
  end
  return #ended == ${dueMax} or #due == 2 * ${dueMax}
end

-- Tells those who wait that there is something to receive.
local function ring(queue)
  if redis.call('PUBSUB', 'NUMSUB', queue.channel)[2] > 0 then redis.call('PUBLISH', queue.channel, '') end
end

-- Keeps a new message.
local function put(queue, record, now, delayMs)
  local number = string.format('%016.0f', redis.call('HINCRBY', queue.base .. 'meta', 'sent', 1))
  local size = struct.unpack('>I4', record, ${messageLayout.sizeAt + 1})
  local message = { number = number, sentAt = now, count = 0, size = size, tag = '-', cause = '' }
  redis.call('HSET', queue.base .. 'records', number, record)
  keep(queue, message)
  if delayMs > 0 then
    redis.call('ZADD', queue.base .. 'delayed', int(now + delayMs), number)
    setAside(queue, message)
  else
    redis.call('ZADD', queue.base .. 'ready', int(now), number)
  end
end

-- The message of a delivery whose lease has not ended; nil when it has.
local function leased(queue, number, token, now)
  local message = noteOf(queue, number)
  if not message or message.tag ~= token then return nil end
  local endsAt = redis.call('ZSCORE', queue.base .. 'leased', number)
  if not endsAt or tonumber(endsAt) <= now then return nil end
  return message
end

-- Removes numbers of messages that are too old where they are sorted by age. Returns whether there may be more.
local function dropOld(queue, name, now)
  if queue.retentionMs == math.huge then return false end
  local old = redis.call('ZRANGEBYSCORE', queue.base .. name, '-inf', int(now - queue.retentionMs), 'LIMIT', 0, ${dueMax})
  for _, number in ipairs(old) do drop(queue, noteOf(queue, number)) end
  return #old == ${dueMax}
end
`;

/**
 * What all scripts of a queue begin with.
 *
 * KEYS 1: the name `meta`. ARGV 1: the base · 2: the channel · 3: after how many deliveries a message dies, '' for never · 4: how old
 * messages get in ms, '' for any age.
 */
const queue = `${numbers}${queueParts}
local queue = queueAt(ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5])
local now = nowMs()
`;

/**
 * Sends messages, in order.
 *
 * ARGV 6: how long a deduplication id counts, in ms · then three per message: record · delay in ms · deduplication id, or ''.
 * Returns per message the id of the one that was sent before with its deduplication id, '' when it was sent itself.
 */
export const sendScript = script(
  growing,
  queue,
  `
local windowMs = tonumber(ARGV[6])
local times, ids = queue.base .. 'id-times', queue.base .. 'ids'
local results = {}
for i = 7, #ARGV, 3 do
  local record, delayMs, id = ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2]
  local result = ''
  if id ~= '' then
    local before = tonumber(redis.call('ZSCORE', times, id) or -1)
    if before > now - windowMs then
      result = redis.call('HGET', ids, id)
    else
      redis.call('ZADD', times, int(now), id)
      redis.call('HSET', ids, id, idOf(record))
    end
  end
  if result == '' then put(queue, record, now, delayMs) end
  results[#results + 1] = result
end
ring(queue)
return results
`,
);

/**
 * Leases messages that are ready.
 *
 * ARGV from 6: how many at most · how many bytes · how long, in ms · the token of these leases · among how many takers what is ready is
 * to be shared.
 * Returns when the leases end, then four per message: number, when it was sent, how often it was delivered, record.
 */
export const receiveScript = script(
  always,
  queue,
  `
local wanted, room, leaseMs, token, takers = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8]), ARGV[9], tonumber(ARGV[10])
local ready, endsAt = queue.base .. 'ready', int(now + leaseMs)
local taken, found = { endsAt }, 0

local function take(message)
  message.count, message.tag = message.count + 1, token
  redis.call('ZREM', queue.base .. 'aside', message.number)
  redis.call('ZADD', queue.base .. 'leased', endsAt, message.number)
  keep(queue, message)
  found, room = found + 1, room - message.size
  taken[#taken + 1] = message.number
  taken[#taken + 1] = int(message.sentAt)
  taken[#taken + 1] = int(message.count)
  taken[#taken + 1] = recordOf(queue, message.number)
end

-- Returns whether there may be more to take.
local function takeSome(numbersOf)
  for _, number in ipairs(numbersOf) do
    local message = noteOf(queue, number)
    if isTooOld(queue, message, now) then
      drop(queue, message)
    elseif queue.spared == '' and isWorn(queue, message) then
      redis.call('ZREM', ready, number)
      die(queue, message, now)
    else
      if found > 0 and message.size > room then return false end
      redis.call('ZREM', ready, number)
      take(message)
    end
  end
  return #numbersOf > 0
end

lapse(queue, now)
if takers > 1 then wanted = math.min(wanted, math.ceil(redis.call('ZCARD', ready) / takers)) end
local looks = 0
repeat
  looks = looks + 1
  local isMore = found < wanted and takeSome(redis.call('ZRANGE', ready, 0, math.min(wanted - found, ${chunkMessages}) - 1))
until not isMore or looks > ${dueMax}
return taken
`,
);

/** Returns in how many ms a lease or a delay ends next; -1: none will. */
export const nextDueScript = script(
  always,
  queue,
  `
local first = math.huge
for _, name in ipairs({ 'leased', 'delayed', 'ready' }) do
  local due = redis.call('ZRANGE', queue.base .. name, 0, 0, 'WITHSCORES')
  if due[2] then first = math.min(first, tonumber(due[2])) end
end
return first == math.huge and -1 or math.max(0, first - now)
`,
);

/**
 * Removes messages that were handled.
 *
 * ARGV from 6, two per delivery: number · token. Returns per delivery 1, or 0 when its lease has ended.
 */
export const acknowledgeScript = script(
  always,
  queue,
  `
local results = {}
for i = 6, #ARGV, 2 do
  local message = leased(queue, ARGV[i], ARGV[i + 1], now)
  if message then
    redis.call('ZREM', queue.base .. 'leased', message.number)
    forget(queue, message)
  end
  results[#results + 1] = message and 1 or 0
end
return results
`,
);

/**
 * Gives messages back.
 *
 * ARGV 6: for how long they are not to be received, in ms · 7: why · then two per delivery: number · token. Returns as
 * `acknowledgeScript`.
 */
export const rejectScript = script(
  always,
  queue,
  `
local delayMs, cause = tonumber(ARGV[6]), ARGV[7]
local results = {}
for i = 8, #ARGV, 2 do
  local message = leased(queue, ARGV[i], ARGV[i + 1], now)
  if message then
    redis.call('ZREM', queue.base .. 'leased', message.number)
    message.cause = cause
    giveBack(queue, message, now, delayMs)
  end
  results[#results + 1] = message and 1 or 0
end
ring(queue)
return results
`,
);

/**
 * Ends leases whose worker has left.
 *
 * ARGV 6: "1" if these deliveries count · 7: "1" if messages may die of that · then two per delivery: number · token. Returns as
 * `acknowledgeScript`.
 */
export const releaseScript = script(
  always,
  queue,
  `
if ARGV[7] ~= '1' then queue.deliveriesMax = math.huge end
local results = {}
for i = 8, #ARGV, 2 do
  local message = leased(queue, ARGV[i], ARGV[i + 1], now)
  if message then
    redis.call('ZREM', queue.base .. 'leased', message.number)
    if ARGV[6] ~= '1' then message.count = message.count - 1 end
    giveBack(queue, message, now, 0)
  end
  results[#results + 1] = message and 1 or 0
end
ring(queue)
return results
`,
);

/**
 * Lets leases end later, or sooner.
 *
 * ARGV 6: when, in ms from now · then two per delivery: number · token. Returns per delivery when its lease ends, 0 when it has ended.
 */
export const extendScript = script(
  always,
  queue,
  `
local endsAt = int(now + tonumber(ARGV[6]))
local results = {}
for i = 7, #ARGV, 2 do
  local message = leased(queue, ARGV[i], ARGV[i + 1], now)
  if message then redis.call('ZADD', queue.base .. 'leased', endsAt, message.number) end
  results[#results + 1] = message and tonumber(endsAt) or 0
end
return results
`,
);

/** Returns 1 when messages that are due remain to be moved first (call again), else 0 and how many are ready, leased, delayed and dead. */
export const describeScript = script(
  always,
  queue,
  `
if lapse(queue, now) then return { 1 } end
local counts = { 0 }
for i, name in ipairs({ 'ready', 'leased', 'delayed', 'dead' }) do counts[i + 1] = redis.call('ZCARD', queue.base .. name) end
local oldest = redis.call('ZRANGE', queue.base .. 'ready', 0, 0)[1]
if oldest then counts[6] = noteOf(queue, oldest).sentAt end
return counts
`,
);

/**
 * Lists dead letters, in the order in which they died.
 *
 * ARGV from 6: the death after which to begin · how many at most · how many bytes.
 * Returns whether there are more (1 or 0), then seven per letter: number, death, when it was sent, how often it was delivered, when it died, the
 * cause ('' when it was never rejected), record.
 */
export const deadLettersScript = script(
  always,
  queue,
  `
local limit, room = tonumber(ARGV[7]), tonumber(ARGV[8])
local dead = redis.call('ZRANGEBYSCORE', queue.base .. 'dead', '(' .. ARGV[6], '+inf', 'WITHSCORES', 'LIMIT', 0, limit + 1)
local page = { 0 }
for i = 1, #dead, 2 do
  local message = noteOf(queue, dead[i])
  if i > 1 and (i > 2 * limit or message.size > room) then
    page[1] = 1
    break
  end
  room = room - message.size
  for _, value in ipairs({ dead[i], dead[i + 1], int(message.sentAt), int(message.count), message.tag, message.cause }) do
    page[#page + 1] = value
  end
  page[#page + 1] = recordOf(queue, dead[i])
end
return page
`,
);

/** Part of a script: lets a dead letter be received again, as if it had never been delivered. */
const revival = `
local function revive(number)
  local message = noteOf(queue, number)
  unbury(queue, message)
  message.count, message.tag, message.cause = 0, '-', ''
  keep(queue, message)
  redis.call('ZADD', queue.base .. 'ready', int(message.sentAt), number)
end
`;

/**
 * Makes the oldest dead letters ready again.
 *
 * ARGV 6: how many at most. Returns how many.
 */
export const redriveOldestScript = script(
  always,
  queue,
  revival,
  `
local numbersOf = redis.call('ZRANGE', queue.base .. 'dead', 0, tonumber(ARGV[6]) - 1)
for _, number in ipairs(numbersOf) do revive(number) end
ring(queue)
return #numbersOf
`,
);

/**
 * Makes the dead letters with these message ids ready again.
 *
 * ARGV from 6: the ids. Returns how many.
 */
export const redriveIdsScript = script(
  always,
  queue,
  revival,
  `
local revived = 0
for i = 6, #ARGV do
  local id = deadId(ARGV[i])
  for _, member in ipairs(redis.call('ZRANGEBYLEX', queue.base .. 'dead-ids', '[' .. id, '(' .. id .. '\\255')) do
    revive(string.sub(member, #id + 1))
    revived = revived + 1
  end
end
ring(queue)
return revived
`,
);

/**
 * Removes what is over.
 *
 * ARGV 6: how long a deduplication id counts, in ms. Returns whether more may be due (1 or 0).
 */
export const sweepQueueScript = script(
  always,
  queue,
  `
local isMore = lapse(queue, now)
isMore = dropOld(queue, 'ready', now) or isMore
isMore = dropOld(queue, 'aside', now) or isMore
local over = redis.call('ZRANGEBYSCORE', queue.base .. 'id-times', '-inf', int(now - tonumber(ARGV[6])), 'LIMIT', 0, ${dueMax})
for _, id in ipairs(over) do
  redis.call('ZREM', queue.base .. 'id-times', id)
  redis.call('HDEL', queue.base .. 'ids', id)
end
return (isMore or #over == ${dueMax}) and 1 or 0
`,
);
