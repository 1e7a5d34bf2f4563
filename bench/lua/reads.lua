-- One call after the other, far from each other: AUTHORIZATION ACCEPT BASE_S SPAN_S CALLS ASKED EVERY STRIDE FIRST LOW
dofile((debug.getinfo(1, "S").source:match("@(.*/)") or "") .. "said.lua")

function init(args)
  wrk.headers["Authorization"] = args[1]
  wrk.headers["Accept"] = args[2]
  base, span, calls = tonumber(args[3]), tonumber(args[4]), tonumber(args[5])
  asked, every, stride, at = tonumber(args[6]), tonumber(args[7]), tonumber(args[8]), tonumber(args[9])
  low = tonumber(args[10])
end

function request()
  at = (at + stride) % asked
  local n = low + at * every
  return wrk.format("GET", string.format("/api/call/%d.%d", base + math.floor(n * span / calls), n))
end
