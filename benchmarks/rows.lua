-- Posts a variety of valid rows to /predict_api, in turn, on every connection; with the key that the
-- variable TABLECAST_KEY holds, where it does.
local sexes = { "female", "male" }
local smokers = { "yes", "no" }
local regions = { "northeast", "northwest", "southeast", "southwest" }
local requests = {}
local place = 0

function init(args)
  math.randomseed(7)
  local headers = { ["Content-Type"] = "application/json" }
  local key = os.getenv("TABLECAST_KEY")
  if key then headers["Authorization"] = "Bearer " .. key end
  for i = 1, 200 do
    local body = string.format(
      '{"age":%d,"sex":"%s","bmi":%.1f,"children":%d,"smoker":"%s","region":"%s"}',
      math.random(18, 64), sexes[math.random(2)], math.random(160, 500) / 10,
      math.random(0, 5), smokers[math.random(2)], regions[math.random(4)])
    requests[i] = wrk.format("POST", "/predict_api", headers, body)
  end
end

function request()
  place = place % #requests + 1
  return requests[place]
end
