-- bus_take.lua -- up to so many messages of all partitions together: first what silent consumers hold.
-- KEYS streams of the topic
-- ARGV[1] group  [2] consumer  [3] how many  [4] silent for so long, ms; 0: new ones only
-- ARGV[5] partition to begin with
-- Returns {partition, {entry ...}} ... as XREADGROUP gives entries
local left, silent_ms, begin = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local taken = {}
local function add(partition, entries)
  if #entries == 0 then return end
  taken[#taken + 1] = {partition, entries}
  left = left - #entries
end
for i = 0, #KEYS - 1 do
  local partition = (begin + i) % #KEYS
  local cursor = silent_ms > 0 and left > 0 and '0-0'
  while cursor do
    local got = redis.call('XAUTOCLAIM', KEYS[partition + 1], ARGV[1], ARGV[2], silent_ms, cursor,
      'COUNT', left)
    add(partition, got[2])
    cursor = left > 0 and got[1] ~= '0-0' and got[1]
  end
end
for i = 0, #KEYS - 1 do
  if left <= 0 then break end
  local partition = (begin + i) % #KEYS
  local got = redis.call('XREADGROUP', 'GROUP', ARGV[1], ARGV[2], 'COUNT', left, 'STREAMS',
    KEYS[partition + 1], '>')
  if got then add(partition, got[1][2]) end
end
return taken
