-- wrk's side of `load.py`: posts the files named after `--` in rotation, with the headers of the
-- environment (BENCH_KEY), and prints one line of JSON at the end. Times are in microseconds.
local requests, turn = {}, 0

function init(files)
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["X-API-Key"] = os.getenv("BENCH_KEY")
  for _, name in ipairs(files) do
    local file = assert(io.open(name, "rb"))
    requests[#requests + 1] = wrk.format(nil, nil, nil, file:read("*a"))
    file:close()
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

function done(summary, latency)
  local failed = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  io.write(string.format(
    '{"requests":%d,"duration_us":%d,"failed":%d,"refused":%d,"mean_us":%.1f,"p50_us":%.1f,"p99_us":%.1f,"p999_us":%.1f}\n',
    summary.requests, summary.duration, failed, summary.errors.status,
    latency.mean, latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
