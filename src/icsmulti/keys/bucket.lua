-- A bucket as one number: the instant (µs, the caller's clock) at which it will be full again.
-- Each unit moves that instant by period / size, and fits while it stays within one period.
-- A clock that steps back only waits; the key expires when the bucket is full, so a clock
-- that ran far ahead is forgotten after one period of the server's own time.

local SLACK = 100 -- µs: doubles near 2^51 round each step; without it the last unit may not fit

local function wait_for_unit(full_at, now, interval, period)
  return math.max(0, math.max(full_at, now) + interval - now - period - SLACK)
end

local function take_unit(bucket, full_at, now, interval, period)
  local next_full_at = math.max(full_at, now) + interval
  local left_ms = math.ceil(math.min(next_full_at - now, period) / 1000) + 1
  redis.call('SET', bucket, string.format('%.17g', next_full_at), 'PX', left_ms)
  return next_full_at
end
