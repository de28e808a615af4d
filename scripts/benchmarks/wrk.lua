-- Sends a fixed number of requests, each a new one, and counts what comes back.
-- arguments after "--": the number of requests, the file with what to send (or "-").
local ffi = require("ffi")
ffi.cdef[[ typedef struct { long s; long us; } timeval; int gettimeofday(timeval *, void *); ]]
local clock = ffi.new("timeval")

local function now()
  ffi.C.gettimeofday(clock, nil)
  return tonumber(clock.s) + tonumber(clock.us) / 1e6
end

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  most = tonumber(args[1])
  -- wrk makes one request to look at and never sends it.
  sent, good, other = -1, 0, 0
  first, last = 0, 0
  bearers, payloads = {}, {}
  if args[2] ~= "-" then
    local into = bearers
    for line in io.lines(args[2]) do
      if line == "" then into = payloads else table.insert(into, line) end
    end
  end
  expected = args[3] or ""
  tag = args[4] or ""
end

-- Nothing more is sent once all are sent; what is under way is still answered.
function delay()
  if sent >= most then return 3600000 end
  return 0
end

function request()
  local n = math.max(sent, 0)
  if sent == 0 then first = now() end
  sent = sent + 1
  if #bearers == 0 then return wrk.format() end
  local bearer = bearers[n % #bearers + 1]
  -- A connection that breaks is opened again and asks once more; that is refused and counted.
  local payload = payloads[math.floor(n / #bearers) + 1] or "nothing is left to scan"
  return wrk.format("POST", nil, {
    ["Authorization"] = "Bearer " .. bearer,
    ["Content-Type"] = "application/json",
  }, '{"scans":[{"payload":"' .. payload .. '","nonce":"n' .. tag .. "-" .. n .. '"}]}')
end

function response(status, headers, body)
  if status == 200 and body:find(expected, 1, true) then good = good + 1 else other = other + 1 end
  last = now()
end

function done(summary, latency, requests)
  local thread = threads[1]
  local seconds = thread:get("last") - thread:get("first")
  io.write(string.format(
    '\nRESULT {"good":%d,"other":%d,"seconds":%f,"p50_ms":%f,"p99_ms":%f}\n',
    thread:get("good"), thread:get("other"), seconds,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
