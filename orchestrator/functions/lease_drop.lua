-- lease_drop.lua -- give one's own lease back.
-- KEYS[1] mr:lease:<name>   ARGV[1] owner
-- Returns 1: given back | 0: it was not owner's
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
