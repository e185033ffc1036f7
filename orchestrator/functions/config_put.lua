-- config_put.lua -- keep the newest value of a key of millrace.config.
-- KEYS[1] mr:config   KEYS[2] mr:config:at, the offset that each key was last written at
-- ARGV[1] key  [2] offset  [3] value; absent: removes
-- Returns 1: written | 0: a later offset is kept
local at = redis.call('HGET', KEYS[2], ARGV[1])
if at and tonumber(at) > tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
if ARGV[3] then
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
else
  redis.call('HDEL', KEYS[1], ARGV[1])
end
return 1
