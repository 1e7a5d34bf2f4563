-- One entry a request, twenty to a call: AUTHORIZATION BASE_S TAG.
dofile((debug.getinfo(1, "S").source:match("@(.*/)") or "") .. "said.lua")

local ENTRY = '{"session_id":"%s.%d","event":{"line":"User input: %d (dtmf)","data":{"module_type":"read",' ..
  '"result_variable":"CHOICE"}},"class":"event","timestamp":%d,"source":"asterisk@pbx1/%s","seq":%d,"time_us":%d%06d}'

function init(args)
  wrk.headers["Authorization"] = args[1]
  wrk.headers["Content-Type"] = "application/x-ndjson"
  base, tag, n = tonumber(args[2]), args[3], 0
end

function request()
  n = n + 1
  local call, seq = math.floor(n / 1280) * 64 + n % 64, math.floor(n % 1280 / 64)
  return wrk.format("POST", "/v1/ingest", nil, string.format(ENTRY, tag, call, n, base, tag, seq, base, n % 1000000))
end
