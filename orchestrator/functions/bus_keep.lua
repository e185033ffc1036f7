-- bus_keep.lua -- a consumer lives and works on what it holds: nobody else is to take it.
-- KEYS streams   ARGV[1] group  [2] consumer, then for each stream: how many ids, ids (at most 3,000)
-- Returns how many of them it still holds
--
-- Only what is still its own: an XCLAIM of another's would take it back.
local kept, at = 0, 3
for i = 1, #KEYS do
  local count = tonumber(ARGV[at])
  if count > 0 then
    local held, mine = {}, {}
    for j = at + 1, at + count do held[ARGV[j]] = true end
    for _, entry in ipairs(redis.call('XPENDING', KEYS[i], ARGV[1], ARGV[at + 1], ARGV[at + count],
      2 * count + 100, ARGV[2])) do
      if held[entry[1]] and #mine < 3000 then mine[#mine + 1] = entry[1] end
    end
    if #mine > 0 then
      mine[#mine + 1] = 'JUSTID'
      redis.call('XCLAIM', KEYS[i], ARGV[1], ARGV[2], 0, unpack(mine))
      kept = kept + #mine - 1
    end
  end
  at = at + 1 + count
end
return kept
