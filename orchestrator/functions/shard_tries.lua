-- shard_tries.lua -- count how often in a row one and the same place of a log was tried.
-- KEYS[1] mr:{s}:tries   ARGV[1] what is tried  [2] offset  [3] '1': one more try, '0': only asked
-- Returns how often, this one included; another offset than the last begins anew
local tries = 0
local offset, count = string.match(redis.call('HGET', KEYS[1], ARGV[1]) or '', '^(%d+):(%d+)$')
if offset == ARGV[2] then tries = tonumber(count) end
if ARGV[3] == '1' then
    tries = tries + 1
    redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ':' .. string.format('%d', tries))
end
return tries
