-- Raise a counter to at least a value.
-- KEYS: an account's counters. ARGV: field, value. Returns 1 when the field is new.

local found = redis.call('HGET', KEYS[1], ARGV[1])
if not found or tonumber(found) < tonumber(ARGV[2]) then
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
end
return found and 0 or 1
