-- shard_advance.lua -- one batch of a shard: all that it writes and its next offset, or nothing.
-- KEYS[1] mr:{s}:pos
-- ARGV[1] epoch  [2] expected offset  [3] next offset  [4] 1: a missing position is right
-- ARGV[5] id of the log  [6] id of the event before next
-- ARGV[7..] writes: how many words, command, arguments, again and again
-- Returns 1 | {-1, epoch kept}: fenced | {-2, next kept}: not at the expected offset | {-3}: no position
--
-- A write sets, adds or removes, never counts, and the position comes last: a batch that the server
-- gave up in its midst is repaired by being applied again.
local pos = redis.call('HMGET', KEYS[1], 'epoch', 'next')
if pos[1] then
  if tonumber(pos[1]) > tonumber(ARGV[1]) then return {-1, pos[1]} end
  if pos[2] ~= ARGV[2] then return {-2, pos[2]} end
elseif ARGV[4] ~= '1' then
  return {-3}
end
local at, last = 7, #ARGV
while at <= last do
  local stop = at + ARGV[at]
  redis.call(unpack(ARGV, at + 1, stop))
  at = stop + 1
end
redis.call('HSET', KEYS[1], 'next', ARGV[3], 'epoch', ARGV[1], 'log', ARGV[5], 'last', ARGV[6])
return 1
