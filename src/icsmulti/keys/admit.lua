-- Look a key up and take one unit of its account's limits.
-- KEYS: the account's records, its counters, its minute bucket (one hash tag).
-- ARGV: key id, digest in base64, now in µs, today, per minute and per day of the server,
--       seconds between two writes of a key's last use.
-- Returns {account, key} as stored when nothing is taken because of the key (the caller says
-- why), else {account, key, taken, when the bucket is full, used today, last use before}.

local id, digest, now, today = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local PERIOD = 60e6

local found = redis.call('HMGET', KEYS[1], 'account', id)
local account, key = found[1], found[2]
if not (account and key) then
  return {false, false}
end

local function is_set(value) -- JSON null is a userdata, not nil
  return type(value) == 'number'
end

local record = cjson.decode(key)
-- Lua strings are interned: this comparison is of two pointers, whatever they hold.
local matches = record.digest == digest
local expired = is_set(record.expires_at) and record.expires_at * 1e6 <= now
if not matches or expired or is_set(record.revoked_at) or is_set(record.suspended_at) then
  return {account, key}
end

local limits = cjson.decode(account).limits
local per_minute = is_set(limits.per_minute) and limits.per_minute or tonumber(ARGV[5])
local per_day = is_set(limits.per_day) and limits.per_day or tonumber(ARGV[6])

local counters = redis.call('HMGET', KEYS[2], today, id)
local used, last_use = tonumber(counters[1] or 0), tonumber(counters[2] or 0)
local full_at = tonumber(redis.call('GET', KEYS[3]) or 0)

local minute_open = per_minute == 0 or wait_for_unit(full_at, now, PERIOD / per_minute, PERIOD) == 0
local day_open = per_day == 0 or used < per_day
if not (minute_open and day_open) then
  return {account, key, 0, math.ceil(full_at), used, last_use}
end

if per_minute > 0 then
  full_at = take_unit(KEYS[3], full_at, now, PERIOD / per_minute, PERIOD)
end
used = redis.call('HINCRBY', KEYS[2], today, 1)
if now / 1e6 - last_use >= tonumber(ARGV[7]) then
  redis.call('HSET', KEYS[2], id, math.floor(now / 1e6))
end
return {account, key, 1, math.ceil(full_at), used, last_use}
