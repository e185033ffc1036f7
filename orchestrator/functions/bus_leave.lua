-- bus_leave.lua -- a consumer goes: what it holds can be taken at once.
-- KEYS streams   ARGV[1] group  [2] consumer
-- Returns how many it held
local DAY_MS = 24 * 3600 * 1000
local held = 0
for _, stream in ipairs(KEYS) do
  while true do
    local ids = {}
    for _, entry in ipairs(redis.call('XPENDING', stream, ARGV[1], '-', '+', 1000, ARGV[2])) do
      ids[#ids + 1] = entry[1]
    end
    if #ids == 0 then break end
    held = held + #ids
    ids[#ids + 1] = 'IDLE'
    ids[#ids + 1] = DAY_MS
    ids[#ids + 1] = 'JUSTID'
    redis.call('XCLAIM', stream, ARGV[1], 'left', 0, unpack(ids))
  end
  redis.call('XGROUP', 'DELCONSUMER', stream, ARGV[1], ARGV[2])
end
return held
