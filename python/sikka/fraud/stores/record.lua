-- The record of an entity after a payment and after a label, inside of Redis.
--
-- rust_core/src/features/codec.rs describes the bytes of a record, `PaymentEvent.pack` those of an
-- event. What is made here is what `sikka_core.update_record` and `label_record` make, to the bit:
-- times and amounts are whole numbers below 2^53, and + - * /, floor and shifts of lists are all
-- that is used, so that no result depends on a C library. Time is an argument.

-- Nothing of Redis or Lua is there while a library is loaded: the first call looks it up.
local call, pack, unpack_bytes, unpack_table
local byte, char, concat, find, sub, floor

local MINUTE_MS, HOUR_MS, DAY_MINUTES = 60000, 3600000, 1440
local TAG_MAX = 4294967295
local LN_2 = 0.6931471805599453
-- The half-lives of the windows of an hour, a day, a week and a month.
local HOUR, DAY = 3600000 * LN_2, 86400000 * LN_2
local WEEK, MONTH = 7 * 86400000 * LN_2, 30 * 86400000 * LN_2
local HALF_LIVES_MAX = 1000
-- POWERS[n] is 2^-n, exactly.
local POWERS = { [0] = 1 }
for whole = 1, HALF_LIVES_MAX do
  POWERS[whole] = POWERS[whole - 1] / 2
end

-- By kind: 0 user, 1 instrument, 2 device, 3 ip, 4 merchant.
local USER, KINDS = 0, 5
local LENGTHS = { [0] = 652, 532, 532, 532, 532 }
-- Where the tag stands in an event whose different values the record counts.
local VALUE_AT = { [0] = 37, 37, 25, 25, 25 }
local NEW = {}

local NOTHING = '\0\0\0\0'
local SPARSE, LEVEL_MAX = 3, 31
local HEAD, LABELS = '<BBBBI4I8I8I8dddddddddddd', '<I8dddddd'
local PAIRS = '<I4I4I4I4I4I4I4I4I4I4I4I4I4I4I4I4I4I4I4I4I4I4I4I4I4I4I4I4I4I4I4I4'
local ZEROS

local function look_up()
  call, pack, unpack_bytes, unpack_table = redis.call, struct.pack, struct.unpack, unpack
  byte, char, find, sub = string.byte, string.char, string.find, string.sub
  concat, floor = table.concat, math.floor
  ZEROS = string.rep('\0', 122)
  for kind = 0, KINDS - 1 do
    NEW[kind] = char(1, kind) .. string.rep('\0', LENGTHS[kind] - 2)
  end
end

-- 2^(-age / half-life): the series of e^y, scaled by a power of two.
local function weight(age_ms, half_life_ms)
  local half_lives = age_ms / half_life_ms
  if half_lives > HALF_LIVES_MAX then
    half_lives = HALF_LIVES_MAX
  end
  local whole = floor(half_lives + 0.5)
  local y = (whole - half_lives) * LN_2
  local power = 1 / 479001600
  power = power * y + 1 / 39916800
  power = power * y + 1 / 3628800
  power = power * y + 1 / 362880
  power = power * y + 1 / 40320
  power = power * y + 1 / 5040
  power = power * y + 1 / 720
  power = power * y + 1 / 120
  power = power * y + 1 / 24
  power = power * y + 1 / 6
  power = power * y + 1 / 2
  power = power * y + 1
  power = power * y + 1
  return power * POWERS[whole]
end

-- What an age weighs in each of the windows. Those who take part in a payment were often last seen
-- together, so the latest weights are kept.
local weighed_ms, in_hour, in_day, in_week, in_month
local function weights(age_ms)
  if age_ms ~= weighed_ms then
    in_hour, in_day = weight(age_ms, HOUR), weight(age_ms, DAY)
    in_week, in_month = weight(age_ms, WEEK), weight(age_ms, MONTH)
    weighed_ms = age_ms
  end
  return in_hour, in_day, in_week, in_month
end

-- Where a tag of four bytes begins, in a list whose entries are so many bytes wide, or nil.
local function place_of(list, tag, width)
  local place = find(list, tag, 1, true)
  while place and place % width ~= 1 do
    place = find(list, tag, place + 1, true)
  end
  return place
end

-- A list of tags with one of them in front, and out of the place where it was.
local function touched(tags, tag)
  local place = place_of(tags, tag, 4) or #tags - 3
  return tag .. sub(tags, 1, place - 1) .. sub(tags, place + 4)
end

-- A ring with one payment more in the bucket that lies so many back. A full bucket stays full.
local function bumped(ring, back)
  local place = 2 * back + 1
  if place > #ring then
    return ring
  end
  local low, high = byte(ring, place, place + 1)
  if low < 255 then
    low = low + 1
  elseif high < 255 then
    low, high = 0, high + 1
  end
  return sub(ring, 1, place - 1) .. char(low, high) .. sub(ring, place + 2)
end

-- The ring between two places of a record after a payment in bucket `at`, `last` being the present
-- one before.
local function turned(record, first, final, last, at)
  if at <= last then
    return bumped(sub(record, first, final), last - at)
  end
  local length = final - first + 1
  local passed = 2 * (at - last)
  if passed > length then
    passed = length
  end
  return '\1\0' .. sub(ZEROS, 1, passed - 2) .. sub(record, first, final - passed)
end

-- Empty what was not seen for a day; return the level of the sample after it.
local function forget(values, level, minute)
  local oldest, live = minute - DAY_MINUTES, 0
  for place = 1, 31, 2 do
    if values[place + 1] < oldest then
      values[place], values[place + 1] = 0, 0
    elseif values[place] ~= 0 then
      live = live + 1
    end
  end
  if live == 0 then
    return 0
  end
  return live <= SPARSE and level > 0 and level - 1 or level
end

-- See a value; return the level of the sample after it.
local function see(values, level, tag, minute)
  local empty
  for place = 1, 31, 2 do
    if values[place] == tag then
      if values[place + 1] < minute then
        values[place + 1] = minute
      end
      return level
    elseif values[place] == 0 then
      empty = empty or place
    end
  end
  while tag <= floor(TAG_MAX * POWERS[level]) do
    if empty then
      values[empty], values[empty + 1] = tag, minute
      return level
    end
    if level < LEVEL_MAX then
      level = level + 1
    end
    for place = 31, 1, -2 do
      if values[place] > floor(TAG_MAX * POWERS[level]) then
        values[place], values[place + 1] = 0, 0
      end
      empty = values[place] == 0 and place or empty
    end
  end
  return level
end

-- Whether the sample is as it was when time passes until a minute.
local function lasts(record, level, minute)
  local oldest, live = minute - DAY_MINUTES, 0
  for place = 237, 357, 8 do
    local seen = unpack_bytes('<I4', record, place)
    if seen ~= 0 then
      if seen < oldest then
        return false
      end
      live = live + 1
    end
  end
  return level == 0 or live > SPARSE
end

-- The sample with one value more, when that takes one entry: nil where it takes more.
local function spliced(values, level, tag, minute)
  local place = place_of(values, tag, 8)
  if place then
    if unpack_bytes('<I4', values, place + 4) >= minute then
      return values
    end
  elseif unpack_bytes('<I4', tag) > floor(TAG_MAX * POWERS[level]) then
    return values
  else
    place = place_of(values, NOTHING, 8)
    if not place then
      return nil
    end
  end
  return sub(values, 1, place - 1) .. tag .. pack('<I4', minute) .. sub(values, place + 8)
end

-- Level and bytes of the sample after a payment in minute `at`, `last` being the latest before.
-- What mostly happens, that nothing is forgotten and one value seen, does not unpack the sample.
local function sampled(record, level, tag, at, last, passes, plain)
  local seen = tag ~= NOTHING and (at >= last or last - at <= DAY_MINUTES)
  if plain and (level == 0 and at <= last or lasts(record, level, at)) then
    local values = sub(record, 233, 360)
    if seen then
      values = spliced(values, level, tag, at)
    end
    if values then
      return level, values
    end
  end
  local values = { unpack_bytes(PAIRS, record, 233) }
  if passes then
    level = forget(values, level, at)
  end
  if seen then
    level = see(values, level, unpack_bytes('<I4', tag), at)
  end
  return level, pack(PAIRS, unpack_table(values, 1, 32))
end

-- Whether a user's record knows a place after a payment, and what it knows of places and devices.
local function recognised(record, event, has_place, at_ms)
  local place, devices, places = sub(record, 533, 556), sub(record, 557, 588), sub(record, 589)
  local device, cell = sub(event, 29, 32), sub(event, 41, 44)
  if device ~= NOTHING then
    devices = touched(devices, device)
  end
  if cell ~= NOTHING then
    places = touched(places, cell)
    if has_place == 0 or at_ms >= unpack_bytes('<I8', place) then
      has_place, place = 1, pack('<I8', at_ms) .. sub(event, 45)
    end
  end
  return has_place, place .. devices .. places
end

-- The record of an entity of a kind after a payment, of which it does not know yet.
local function updated(kind, record, event, at_ms, amount)
  local _, _, level, has_place, payments, first_ms, last_ms, last_amount,
    c1, c2, c3, c4, s1, s2, s3, s4, q1, q2, q3, q4 = unpack_bytes(HEAD, record)
  local at_minute, last_minute = floor(at_ms / MINUTE_MS), floor(last_ms / MINUTE_MS)
  local at_hour, last_hour = floor(at_ms / HOUR_MS), floor(last_ms / HOUR_MS)
  local passes, values, known = at_ms > last_ms, nil, ''
  -- Before the second minute of 1970 a minute does not tell an empty place from a value.
  local plain = first_ms >= MINUTE_MS and (passes or level == 0)
  local value_at = VALUE_AT[kind]
  local value = sub(event, value_at, value_at + 3)
  level, values = sampled(record, level, value, at_minute, last_minute, passes, plain)
  if kind == USER then
    has_place, known = recognised(record, event, has_place, at_ms)
  end
  local a1, a2, a3, a4 = 1, 1, 1, 1
  if passes then
    local w1, w2, w3, w4 = weights(at_ms - last_ms)
    c1, c2, c3, c4 = c1 * w1, c2 * w2, c3 * w3, c4 * w4
    s1, s2, s3, s4 = s1 * w1, s2 * w2, s3 * w3, s4 * w4
    q1, q2, q3, q4 = q1 * w1, q2 * w2, q3 * w3, q4 * w4
    last_ms = at_ms
  elseif at_ms < last_ms then
    a1, a2, a3, a4 = weights(last_ms - at_ms)
  end
  if payments == 0 or at_ms < first_ms then
    first_ms = at_ms
  end
  if payments < 4294967295 then
    payments = payments + 1
  end
  if at_ms == last_ms then
    last_amount = amount
  end
  local square = amount * amount
  return pack(
    HEAD, 1, kind, level, has_place, payments, first_ms, last_ms, last_amount,
    c1 + a1, c2 + a2, c3 + a3, c4 + a4,
    s1 + a1 * amount, s2 + a2 * amount, s3 + a3 * amount, s4 + a4 * amount,
    q1 + a1 * square, q2 + a2 * square, q3 + a3 * square, q4 + a4 * square
  )
    .. sub(record, 129, 184)
    .. touched(sub(record, 185, 216), sub(event, 1, 4))
    .. sub(record, 217, 232)
    .. values
    .. turned(record, 361, 482, last_minute, at_minute)
    .. turned(record, 483, 532, last_hour, at_hour)
    .. known
end

-- The record of an entity after a label (`fraud` is 1 or 0), of which it does not know yet.
local function labelled(record, event, known_ms, fraud)
  local label_ms, l1, l2, l3, f1, f2, f3 = unpack_bytes(LABELS, record, 129)
  local _, a1, a2, a3 = nil, 1, 1, 1
  if known_ms > label_ms then
    local _, w1, w2, w3 = weights(known_ms - label_ms)
    l1, l2, l3, f1, f2, f3 = l1 * w1, l2 * w2, l3 * w3, f1 * w1, f2 * w2, f3 * w3
    label_ms = known_ms
  elseif known_ms < label_ms then
    _, a1, a2, a3 = weights(label_ms - known_ms)
  end
  return sub(record, 1, 128)
    .. pack(
      LABELS, label_ms,
      l1 + a1, l2 + a2, l3 + a3, f1 + a1 * fraud, f2 + a2 * fraud, f3 + a3 * fraud
    )
    .. sub(record, 185, 216)
    .. touched(sub(record, 217, 232), sub(event, 1, 4))
    .. sub(record, 233)
end
