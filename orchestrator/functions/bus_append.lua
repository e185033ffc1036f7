-- bus_append.lua -- messages to streams: offset and time are given here, in one step with the write.
-- KEYS[1] mr:bus:topics   KEYS[2..] streams, one a group
-- ARGV[1] messages kept where no group reads a topic, 0: all
-- then for each group: topic, id of the topic, how many messages, and for each of these
--   3 key and value | 2 no key | 1 no value | 0 neither,  key,  value
-- Returns time in ms, then for each group the offset of its first message | -1: no such topic any more
--
-- An offset is one below the number of the stream's entry, since no entry has the number 0.
local now = redis.call('TIME')
local now_ms = now[1] * 1000 + math.floor(now[2] / 1000)
local unread_max = tonumber(ARGV[1])
local answer = {now_ms}

local function append(stream, first, count, at, compacted)
  for i = 1, count do
    local shape, id = ARGV[at], string.format('%d-0', first + i)
    if shape == '3' then
      redis.call('XADD', stream, id, 't', now_ms, 'k', ARGV[at + 1], 'v', ARGV[at + 2])
    elseif shape == '2' then
      redis.call('XADD', stream, id, 't', now_ms, 'v', ARGV[at + 2])
    elseif shape == '1' then
      redis.call('XADD', stream, id, 't', now_ms, 'k', ARGV[at + 1])
    else
      redis.call('XADD', stream, id, 't', now_ms)
    end
    if compacted and (shape == '3' or shape == '1') then
      local old = redis.call('HGET', stream .. ':k', ARGV[at + 1])
      if old then redis.call('XDEL', stream, old) end
      redis.call('HSET', stream .. ':k', ARGV[at + 1], id)
    end
    at = at + 3
  end
end

-- Nobody releases what no group reads: it goes when it is too much, or too old.
local function forget(stream, first, count, retention_ms)
  if unread_max > 0 then redis.call('XTRIM', stream, 'MAXLEN', '~', unread_max) end
  if math.floor(first / 64) == math.floor((first + count) / 64) then return end
  local oldest = redis.call('XRANGE', stream, '-', '+', 'COUNT', 100)
  local keep
  for _, entry in ipairs(oldest) do
    if tonumber(entry[2][2]) >= now_ms - retention_ms then break end
    keep = entry[1]
  end
  if keep then
    redis.call('XTRIM', stream, 'MINID', string.format('%d-0', tonumber(string.match(keep, '%d+')) + 1))
  end
end

local at = 2
for group = 2, #KEYS do
  local stream, topic, count = KEYS[group], ARGV[at], tonumber(ARGV[at + 2])
  local spec = redis.call('HGET', KEYS[1], topic)
  local id, compacted, retention_ms, read
  if spec then
    id, compacted, retention_ms, read = string.match(spec, '^(%S+) %d+ (%d) (%-?%d+) (%d)$')
  end
  if id == ARGV[at + 1] then
    local first = redis.call('INCRBY', stream .. ':n', count) - count
    append(stream, first, count, at + 3, compacted == '1')
    if compacted == '0' and read == '0' and tonumber(retention_ms) >= 0 then
      forget(stream, first, count, tonumber(retention_ms))
    end
    answer[#answer + 1] = first
  else
    answer[#answer + 1] = -1
  end
  at = at + 3 + 3 * count
end
return answer
