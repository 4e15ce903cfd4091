import { versionLength } from '../shared-token-cache.js';

/**
 * Keys: record, lease. Arguments: version to replace, holder, milliseconds.
 *
 * @returns another record, 1 for a lease that is taken now, 0 for one that is held
 */
export const leaseScript = `
local record = redis.call('GET', KEYS[1])
if record and string.sub(record, 1, ${versionLength}) ~= ARGV[1] then return record end
if redis.call('SET', KEYS[2], ARGV[2], 'NX', 'PX', ARGV[3]) then return 1 end
return 0`;

/**
 * Keys: record, lease. Arguments: version to replace, holder, milliseconds, record. Ends the lease also where there is no
 * room for the record.
 *
 * @returns 1 when the record was stored
 */
export const putScript = `
local version = redis.call('GETRANGE', KEYS[1], 0, ${versionLength - 1})
local stored = 0
if version == '' or version == ARGV[1] then
  stored = redis.pcall('SET', KEYS[1], ARGV[4], 'PX', ARGV[3])
  if not stored.err then stored = 1 end
end
if ARGV[2] ~= '' and redis.call('GET', KEYS[2]) == ARGV[2] then redis.call('DEL', KEYS[2]) end
return stored`;

/** Keys: lease. Arguments: holder. */
export const releaseScript = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`;

/**
 * Lists a record by its owner, for as long as the record lives, and drops those that have ended. Keys: list. Arguments: name,
 * milliseconds.
 */
export const listScript = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 1`;

/** Keys: list. @returns the names of an owner's records */
export const listedScript = `return redis.call('ZRANGE', KEYS[1], 0, -1)`;

/** Keys: list. Arguments: names of records that were deleted. */
export const unlistScript = `return redis.call('ZREM', KEYS[1], unpack(ARGV))`;

/** Keys: record. @returns 1 when there was one */
export const deleteScript = `return redis.call('DEL', KEYS[1])`;
