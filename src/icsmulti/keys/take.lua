-- One unit from a named bucket.
-- KEYS: the bucket. ARGV: size, period in µs, now in µs.
-- Returns 0 when taken, else the µs until a unit fits.

local size, period, now = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local full_at = tonumber(redis.call('GET', KEYS[1]) or 0)
local wait = wait_for_unit(full_at, now, period / size, period)
if wait > 0 then
  return math.ceil(wait)
end
take_unit(KEYS[1], full_at, now, period / size, period)
return 0
