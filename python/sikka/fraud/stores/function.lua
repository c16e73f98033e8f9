-- What a store asks of Redis. A function is given all of its keys, which share one hash tag, and
-- reads all that it needs before it writes anything: whatever fails leaves everything as it was.
--
-- The state of a memory is a hash. `warm` is there once history is in it; until then `since` is the
-- time of the first payment that was counted as it came, and history was played as far as the item
-- of number `done` among those of the time `done_ms`.

local BITS = { [0] = 1, 2, 4, 8, 16 }
-- What becomes of a payment or a label: it was counted before, it is counted. Of one of history
-- also: somebody else plays it, it is not before `since`.
local KNOWN, COUNTED, LOST, REACHED = 0, 1, -1, -2

-- The kinds of those who take part, and the record of each, false where there is none.
local function taking_part(keys, first, event)
  local kinds = {}
  for kind = 0, KINDS - 1 do
    local tag_at = 21 + 4 * kind
    if sub(event, tag_at, tag_at + 3) ~= NOTHING then
      kinds[#kinds + 1] = kind
    end
  end
  if #event ~= 60 or #kinds == 0 or #kinds ~= #keys - first + 1 then
    error({ err = 'SIKKA an event has one key for each who takes part' })
  end
  local records = call('MGET', unpack_table(keys, first))
  for number = 1, #kinds do
    local record, kind = records[number], kinds[number]
    if record and (#record ~= LENGTHS[kind] or sub(record, 1, 2) ~= char(1, kind)) then
      error({ err = 'SIKKA a record is not one of its kind' })
    end
  end
  return kinds, records
end

-- Count a payment with all who take part, unless the narrowest of them knows it.
local function count_payment(keys, first, event, keep_s, kinds, records)
  local at_ms, amount = unpack_bytes('<dd', event, 5)
  local narrowest = records[1]
  if narrowest and place_of(sub(narrowest, 185, 216), sub(event, 1, 4), 4) then
    return KNOWN
  end
  for number = 1, #kinds do
    local kind = kinds[number]
    local record = updated(kind, records[number] or NEW[kind], event, at_ms, amount)
    call('SET', keys[first + number - 1], record, 'EX', keep_s)
  end
  return COUNTED
end

-- Count a label with all who took part and do not know it; not at all when the narrowest does.
local function count_label(keys, first, event, keep_s, fraud)
  local kinds, records = taking_part(keys, first, event)
  local known_ms, tag = unpack_bytes('<d', event, 5), sub(event, 1, 4)
  for number = 1, #kinds do
    local kind = kinds[number]
    local record = records[number] or NEW[kind]
    if not place_of(sub(record, 217, 232), tag, 4) then
      record = labelled(record, event, known_ms, fraud)
      call('SET', keys[first + number - 1], record, 'EX', keep_s)
    elseif number == 1 then
      return KNOWN
    end
  end
  return COUNTED
end

-- Count a payment and tell what was known before it.
--
-- Keys: the state, the answer to the payment, the records of those who take part, the narrowest
-- first. Arguments: the event, how long the records are kept (s), and the answer (ms).
--
-- Returns the event as it was counted, a byte that is 1 when the memory was not warm, a byte that
-- says of whom there was a record (the lowest bit is the user's), and those records. A payment that
-- comes again gets the same answer while that is kept.
local function observe(keys, args)
  local answer = call('GET', keys[2])
  if answer then
    return answer
  end
  local event, stale = args[1], 0
  local kinds, records = taking_part(keys, 3, event)
  if call('HEXISTS', keys[1], 'warm') == 0 then
    stale = 1
    call('HSETNX', keys[1], 'since', (unpack_bytes('<d', event, 5)))
  end
  count_payment(keys, 3, event, args[2], kinds, records)
  local known, mask = {}, 0
  for number = 1, #kinds do
    if records[number] then
      mask = mask + BITS[kinds[number]]
      known[#known + 1] = records[number]
    end
  end
  answer = event .. char(stale, mask) .. concat(known)
  call('SET', keys[2], answer, 'PX', args[3])
  return answer
end

-- Count a label; returns whether it is counted.
--
-- Keys: the records of those who took part, the narrowest first. Arguments: an event whose time is
-- when the label became known, how long the records are kept (s), 1 for fraud or 0.
local function label(keys, args)
  return count_label(keys, 1, args[1], args[2], args[3])
end

-- Count an item of history, a payment or a label; returns what became of it. How far history was
-- played is written down in the same step, so that nothing is played twice.
--
-- Keys: the state, the lock, the answer to the payment, the records of those who take part, the
-- narrowest first. Arguments: the event, how long the records are kept (s), the lock's token, how
-- long the lock is kept (ms), the number of the item among those of its time, 1 for fraud or 0 (of
-- a payment: nothing).
local function replay(keys, args)
  local event, keep_s, number, fraud = args[1], args[2], args[5] + 0, args[6]
  if call('GET', keys[2]) ~= args[3] then
    return LOST
  end
  local at_ms = unpack_bytes('<d', event, 5)
  local since, done_ms, done = unpack_table(call('HMGET', keys[1], 'since', 'done_ms', 'done'))
  if since and at_ms >= since + 0 then
    return REACHED
  end
  call('PEXPIRE', keys[2], args[4])
  if done_ms and (at_ms < done_ms + 0 or at_ms == done_ms + 0 and number <= done + 0) then
    return KNOWN
  end
  local became = KNOWN
  if fraud ~= '' then
    became = count_label(keys, 4, event, keep_s, fraud)
  elseif call('EXISTS', keys[3]) == 0 then
    became = count_payment(keys, 4, event, keep_s, taking_part(keys, 4, event))
  end
  call('HSET', keys[1], 'done_ms', at_ms, 'done', number)
  return became
end

-- Give the lock back; returns whether it was held.
--
-- Keys: the state, the lock. Arguments: the lock's token, 1 when the memory is warm by now or 0.
local function finish(keys, args)
  if call('GET', keys[2]) ~= args[1] then
    return 0
  end
  if args[2] == '1' then
    call('DEL', keys[1])
    call('HSET', keys[1], 'warm', 1)
  end
  call('DEL', keys[2])
  return 1
end

-- Whether the memory is warm. Keys: the state. It may write, so that it is refused where the
-- others are.
local function state(keys)
  return call('HEXISTS', keys[1], 'warm')
end

local function register(name, act)
  redis.register_function(name .. '_@digest@', function(keys, args)
    if not call then
      look_up()
    end
    return act(keys, args)
  end)
end

register('sikka_observe', observe)
register('sikka_label', label)
register('sikka_replay', replay)
register('sikka_finish', finish)
register('sikka_state', state)
