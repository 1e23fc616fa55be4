-- One script for every server, so that all are asked the same way.
--   wrk -s load.lua URL -- read USERS [PAUSE_MS]
--   wrk -s load.lua URL -- page FROM_EPOCH TO_EPOCH [PAUSE_MS]
--   wrk -s load.lua URL -- insert EPOCH [PAUSE_MS]
--   wrk -s load.lua URL -- todo TOKENS_FILE TODOS_OF_EACH [PAUSE_MS]
--   wrk -s load.lua URL -- list TOKENS_FILE PATH [PAUSE_MS]
--   wrk -s load.lua URL -- create TOKENS_FILE [PAUSE_MS]
-- Requests are made before the clock starts: while it runs, wrk should cost as little as it can.

local prepared, position = {}, 0
local HOW_MANY = 4096
local threads = 0

local function time(epoch) return os.date("!%Y-%m-%dT%H:%M:%SZ", epoch) end

local make = {}

function make.read(arguments)
  local users = tonumber(arguments[2])
  return function() return wrk.format("GET", "/api/v1/users/" .. math.random(1, users)) end
end

-- From the start of the month to a random moment in its second half.
function make.page(arguments)
  local from, to = tonumber(arguments[2]), tonumber(arguments[3])
  return function()
    local path = "/api/v1/logs?from=%s&to=%s&limit=20"
    local past = math.random(math.floor((from + to) / 2), to)
    return wrk.format("GET", path:format(time(from), time(past)))
  end
end

function make.insert(arguments)
  local now = tonumber(arguments[2])
  local headers = { ["Content-Type"] = "application/json" }
  local entry = '{"entries":[{"logged_at":"%s","level":"info","service":"checkout","message":"%s"}]}'
  return function()
    local message = "order " .. math.random(1, 1000000) .. " paid by card"
    return wrk.format("POST", "/api/v1/logs", headers, entry:format(time(now), message))
  end
end

-- Tokens of people 1, 2, 3…, one a line.
local function tokens_in(file)
  local tokens = {}
  for line in io.lines(file) do tokens[#tokens + 1] = line end
  return tokens
end

local function bearer(token) return { ["Authorization"] = "Bearer " .. token } end

-- To-dos were made person by person, so their ids follow.
function make.todo(arguments)
  local tokens, each = tokens_in(arguments[2]), tonumber(arguments[3])
  return function()
    local person = math.random(1, #tokens / 2)
    local id = (person - 1) * each + math.random(1, each)
    return wrk.format("GET", "/api/v1/todos/" .. id, bearer(tokens[person]))
  end
end

function make.list(arguments)
  local tokens, path = tokens_in(arguments[2]), arguments[3]
  return function() return wrk.format("GET", path, bearer(tokens[math.random(1, #tokens / 2)])) end
end

function make.create(arguments)
  local tokens = tokens_in(arguments[2])
  return function()
    local headers = bearer(tokens[math.random(#tokens / 2 + 1, #tokens)])
    headers["Content-Type"] = "application/json"
    local body = '{"title":"order ' .. math.random(1, 1000000) .. '"}'
    return wrk.format("POST", "/api/v1/todos", headers, body)
  end
end

-- How many arguments each has before the pause.
local arity = { read = 2, page = 3, insert = 2, todo = 3, list = 3, create = 2 }

function setup(thread)
  threads = threads + 1
  thread:set("seed", threads)
end

function init(arguments)
  math.randomseed(seed)
  local request_of = make[arguments[1]](arguments)
  for index = 1, HOW_MANY do prepared[index] = request_of() end
  local pause = tonumber(arguments[arity[arguments[1]] + 1])
  -- Uniform around the mean, so that connections do not march in step.
  if pause then delay = function() return math.random(0, 2 * pause) end end
end

function request()
  position = position % HOW_MANY + 1
  return prepared[position]
end

-- One line for the runner; times in microseconds.
function done(summary, latency)
  local errors = summary.errors
  print(string.format(
    'RESULT {"requests":%d,"took":%d,"p50":%d,"p99":%d,"max":%d,"failed":%d,"refused":%d}',
    summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), latency.max,
    errors.connect + errors.read + errors.write + errors.timeout, errors.status))
end
