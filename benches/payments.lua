-- wrk: every request is a new payment of another customer under a new Idempotency-Key.
local threads = 0

function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end

function init(arguments)
  count = 0
  run = arguments[1]
  headers = {
    ["Content-Type"] = "application/json",
    ["Authorization"] = "Bearer " .. os.getenv("SIKKA_BENCH_KEY"),
  }
end

function request()
  count = count + 1
  local name = run .. "-" .. number .. "-" .. count
  local address = math.floor(count / 65536) % 256 .. "." .. math.floor(count / 256) % 256 .. "." .. count % 256
  headers["Idempotency-Key"] = name
  local body = '{"amount": 129900, "currency": "INR", "payment_method": "UPI", "user_id": "user-' .. name
    .. '", "description": "Order ' .. count .. '", "metadata": {"order": "' .. count
    .. '"}, "upi": {"flow": "collect", "vpa": "c' .. name .. '@simbank"},'
    .. '"device": {"fingerprint": "d-' .. name .. '", "ip": "10.' .. address .. '"}}'
  return wrk.format("POST", "/v1/payments", headers, body)
end

function done(summary, latency, requests)
  io.write(string.format(
    '\nRESULT {"requests": %d, "duration_s": %.6f, "refused": %d, "failed": %d, "p50_ms": %.3f, "p99_ms": %.3f}\n',
    summary.requests, summary.duration / 1e6, summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
