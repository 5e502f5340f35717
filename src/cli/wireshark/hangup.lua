-- Fields of hangup's traces for Wireshark: filters, columns and graphs of what rows and comments tell.
--
-- hangup.call      the name of a socket call          hangup.call == "recv"
-- hangup.result    what it returned                   hangup.result == "-1"
-- hangup.error     the name of its error              hangup.error == "ECONNRESET"
-- hangup.verdict   what became of a packet, in a word hangup.verdict == "DROPPED"
-- hangup.octets    of how many octets                 hangup.octets > 1000
-- hangup.held      octets taken and not acknowledged  Statistics > I/O Graphs, Y field MAX
-- hangup.failed    an expectation that did not hold   hangup.failed
--
-- Remarks of the host's own trace are read; a trace without them has none of these fields.

local hangup = Proto("hangup", "hangup")

local fields = {
  call = ProtoField.string("hangup.call", "Call"),
  result = ProtoField.string("hangup.result", "Result"),
  error = ProtoField.string("hangup.error", "Error"),
  verdict = ProtoField.string("hangup.verdict", "Verdict"),
  octets = ProtoField.uint64("hangup.octets", "Octets"),
  held = ProtoField.uint64("hangup.held", "Octets held, not acknowledged"),
  failed = ProtoField.string("hangup.failed", "Failed expectation"),
}
hangup.fields = {
  fields.call, fields.result, fields.error, fields.verdict, fields.octets, fields.held, fields.failed,
}

local failed_call = ProtoExpert.new("hangup.failed_call", "The call failed", expert.group.RESPONSE_CODE,
  expert.severity.NOTE)
local failed_expectation = ProtoExpert.new("hangup.failed_expectation", "The expectation did not hold",
  expert.group.ASSUMPTION, expert.severity.WARN)
hangup.experts = { failed_call, failed_expectation }

local comment = Field.new("frame.comment")
local message = Field.new("syslog.msg")
local interface = Field.new("frame.interface_name")

local WORDS = { "HELD", "DISCARDED", "REFUSED", "DROPPED", "QUEUED", "DUPLICATED", "CORRUPTED", "FORGED",
  "CHALLENGED", "RETRANSMISSION", "PROBE", "UNREACHABLE" }

-- A call: "recv(fd=4, 1000) = -1 ECONNRESET".
local function call(text, below)
  local name, rest = text:match("^(%w+)%((.*)$")
  if not name then return end
  below():add(fields.call, name):set_generated()
  local result, code = rest:match("%) = (%S+)%s*(%u*)")
  if not result then return end
  below():add(fields.result, result):set_generated()
  if code ~= "" then
    below():add(fields.error, code):set_generated()
    below():add_proto_expert_info(failed_call, name .. " = " .. result .. " " .. code)
  end
end

-- A remark: "HELD 1000 octets, not acknowledged (3000 held)".
local function remark(text, below)
  for _, word in ipairs(WORDS) do
    if text:sub(1, #word) == word then
      below():add(fields.verdict, word):set_generated()
      local octets = text:match("(%d+) octets")
      if octets then below():add(fields.octets, UInt64(tonumber(octets))):set_generated() end
      local held = text:match("%((%d+) held%)")
      if held then below():add(fields.held, UInt64(tonumber(held))):set_generated() end
      return
    end
  end
end

function hangup.dissector(_, _, tree)
  local subtree
  local function below()
    subtree = subtree or tree:add(hangup)
    return subtree
  end
  local kind, text = interface(), message()
  if kind and text and tostring(kind) == "api" then
    call(tostring(text), below)
  elseif kind and text and tostring(kind) == "facts" then
    -- Any other fact is the comment of a packet as well, and is counted there.
    local why = tostring(text):match("^FAILED: (.*)$")
    if why then
      below():add(fields.failed, why):set_generated()
      below():add_proto_expert_info(failed_expectation, why)
    end
  end
  for _, one in ipairs({ comment() }) do
    for part in (tostring(one) .. "; "):gmatch("(.-); ") do remark(part, below) end
  end
end

register_postdissector(hangup)
