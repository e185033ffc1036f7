-- bus_join.lua -- a group reads a topic from its oldest message on; made where it is not there yet.
-- KEYS[1] mr:bus:topics   KEYS[2..] streams of the topic
-- ARGV[1] topic  [2] group  [3] consumers that hold nothing and are silent so long are forgotten, ms
-- Returns 1 | 0: no such topic
local spec = redis.call('HGET', KEYS[1], ARGV[1])
if not spec then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], (string.gsub(spec, '%d$', '1'))) -- a group reads it
for i = 2, #KEYS do
  local made = redis.pcall('XGROUP', 'CREATE', KEYS[i], ARGV[2], '0', 'MKSTREAM')
  if made.err and not string.find(made.err, 'BUSYGROUP', 1, true) then return made end
  for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[i], ARGV[2])) do
    local about = {}
    for j = 1, #consumer, 2 do about[consumer[j]] = consumer[j + 1] end
    if about.pending == 0 and about.idle > tonumber(ARGV[3]) then
      redis.call('XGROUP', 'DELCONSUMER', KEYS[i], ARGV[2], about.name)
    end
  end
end
return 1
