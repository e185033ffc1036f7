-- bus_release.lua -- messages whose work is done: forgotten once every group is done with them.
-- KEYS streams   ARGV[1] group, then for each stream: how many ids, ids (at most 3,000)
-- Returns how many the group still held
local function number(id) return tonumber(string.match(id, '%d+')) end

-- The lowest entry that a group has yet to finish.
local function first_open(stream, group)
  if group.pending > 0 then
    return number(redis.call('XPENDING', stream, group.name)[2])
  end
  return number(group['last-delivered-id']) + 1
end

local released, at = 0, 2
for i = 1, #KEYS do
  local count = tonumber(ARGV[at])
  if count > 0 then
    released = released + redis.call('XACK', KEYS[i], ARGV[1], unpack(ARGV, at + 1, at + count))
    local groups = redis.call('XINFO', 'GROUPS', KEYS[i])
    if #groups == 1 then
      redis.call('XDEL', KEYS[i], unpack(ARGV, at + 1, at + count))
    else
      local lowest
      for _, fields in ipairs(groups) do
        local group = {}
        for j = 1, #fields, 2 do group[fields[j]] = fields[j + 1] end
        local open = first_open(KEYS[i], group)
        if not lowest or open < lowest then lowest = open end
      end
      redis.call('XTRIM', KEYS[i], 'MINID', string.format('%d-0', lowest))
    end
  end
  at = at + 1 + count
end
return released
