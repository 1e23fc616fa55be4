//! The scripts that run inside Redis, each one step that nothing comes between.
//!
//! An entry is `v<generation> <JSON>`, a value, or `l<generation> <nonce>`, the lease of whoever is
//! loading it. A generation is an epoch and the number of its group; entries of another generation
//! are not there. All three are random numbers, never counters, so that none comes back after
//! Redis has lost or forgotten it.
//!
//! The lease is the one of memcache at Facebook (Nishtala and others, "Scaling Memcache at
//! Facebook", NSDI 2013, section 3.2.1): a write takes it away, and without it a load is not kept.

use std::sync::LazyLock;

use foundation::redis::Script;

/// KEYS: epoch, group, entry. ARGV: a fresh nonce, how long epoch and group are remembered in ms.
///
/// The epoch lives only while some replica keeps it alive. After a longer interruption of Redis,
/// or without its data, whoever comes first begins a new one, as writes may have gone unheard.
const GENERATION: &str = r"
local function remembered(key, milliseconds)
  local number = redis.call('GET', key)
  if not number then
    number = ARGV[1]
    redis.call('SET', key, number, 'PX', milliseconds)
  end
  return number
end
local generation = remembered(KEYS[1], ARGV[2]) .. '.' .. remembered(KEYS[2], ARGV[3])
";

/// Also ARGV[4]: how long a lease lasts in ms. Answers `hit`, JSON and the ms it has left; `lease`
/// and the generation; or `busy`, when somebody else holds the lease.
const LOOK: &str = r"
local entry = redis.call('GET', KEYS[3])
if entry then
  local gap = string.find(entry, ' ', 1, true)
  if string.sub(entry, 2, gap - 1) == generation then
    if string.sub(entry, 1, 1) == 'l' then return {'busy'} end
    return {'hit', string.sub(entry, gap + 1), tostring(redis.call('PTTL', KEYS[3]))}
  end
end
redis.call('SET', KEYS[3], 'l' .. generation .. ' ' .. ARGV[1], 'PX', ARGV[4])
return {'lease', generation}
";

/// Also ARGV: the generation and the nonce of the lease, JSON, its lifetime in ms. Answers whether
/// the value was kept.
const FILL: &str = r"
if generation ~= ARGV[4] or redis.call('GET', KEYS[3]) ~= 'l' .. generation .. ' ' .. ARGV[5] then
  return 0
end
redis.call('SET', KEYS[3], 'v' .. generation .. ' ' .. ARGV[6], 'PX', ARGV[7])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return 1
";

/// Gives a lease back unused. KEYS: entry. ARGV: the lease as it stands there.
const RELEASE: &str = r"
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
";

/// KEYS: entry. ARGV: channel, message. Takes value and lease away and answers how many replicas
/// are being told.
const FORGET: &str = r"
redis.call('DEL', KEYS[1])
return redis.call('PUBLISH', ARGV[1], ARGV[2])
";

/// KEYS: group or epoch. ARGV: channel, message, a fresh nonce, how long it is remembered in ms.
/// One write, however many entries there are.
const FORGET_ALL: &str = r"
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
return redis.call('PUBLISH', ARGV[1], ARGV[2])
";

/// KEYS: epoch. ARGV: a fresh nonce, how long it is remembered in ms.
const BEAT: &str = r"
if redis.call('PEXPIRE', KEYS[1], ARGV[2]) == 0 then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
end
return 1
";

pub(crate) static LOOK_SCRIPT: LazyLock<Script> =
    LazyLock::new(|| Script::new(&[GENERATION, LOOK].concat()));
pub(crate) static FILL_SCRIPT: LazyLock<Script> =
    LazyLock::new(|| Script::new(&[GENERATION, FILL].concat()));
pub(crate) static RELEASE_SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(RELEASE));
pub(crate) static FORGET_SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(FORGET));
pub(crate) static FORGET_ALL_SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(FORGET_ALL));
pub(crate) static BEAT_SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(BEAT));
