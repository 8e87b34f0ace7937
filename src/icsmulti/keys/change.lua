-- Change an account's records, all or nothing, if they still are what the caller read.
-- KEYS: the account's records. ARGV: how many fields there were, then for each field to change
-- its name, what it held and what it shall hold ('' for absent).
-- Returns 1 when they hold the new values, were it from an earlier call whose answer got lost.

local already, as_read = true, true
for i = 2, #ARGV, 3 do
  local found = redis.call('HGET', KEYS[1], ARGV[i]) or ''
  already = already and found == ARGV[i + 2]
  as_read = as_read and found == ARGV[i + 1]
end
local as_many = redis.call('HLEN', KEYS[1]) == tonumber(ARGV[1])
if not already and not (as_read and as_many) then
  return 0
end
-- Written again even when already there: the caller then waits for this write to be durable.
for i = 2, #ARGV, 3 do
  if ARGV[i + 2] == '' then
    redis.call('HDEL', KEYS[1], ARGV[i])
  else
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 2])
  end
end
return 1
