-- The bodies of a file in turn: AUTHORIZATION FILE TAG. Each time round the calls get other ids.
dofile((debug.getinfo(1, "S").source:match("@(.*/)") or "") .. "said.lua")

function init(args)
  wrk.headers["Authorization"] = args[1]
  wrk.headers["Content-Type"] = "application/x-ndjson"
  bodies, at, round, tag = {}, 0, 0, tonumber(args[3])
  local file = assert(io.open(args[2], "rb"))
  for length in file:lines() do
    bodies[#bodies + 1] = file:read(tonumber(length))
  end
  file:close()
end

function request()
  at = at + 1
  if at > #bodies then
    at, round = 1, round + 1
  end
  local mark = string.format("%06d", (tag + round * 7919) % 1000000)
  return wrk.format("POST", "/v1/ingest", nil, (bodies[at]:gsub("@@@@@@", mark)))
end
