-- lease_take.lua -- take a lease that is free, or renew one's own.
-- KEYS[1] mr:lease:<name>   ARGV[1] owner  [2] for how long, ms
-- Returns 1: owner's now | 0: another's
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
