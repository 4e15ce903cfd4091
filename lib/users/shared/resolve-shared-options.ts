import { EntraOptionsError } from '../../common/entra-auth.error.js';
import { kindOf } from '../../common/option-checks.js';
import { checkOptions, numberCheck, type OptionTable } from '../../common/option-table.js';
import { KeyRing, type RefreshTokenKeyRing } from '../../store/encrypted/key-ring.js';
import type { SharedTokenCache } from '../../store/shared-token-cache.js';
import type { SharedTokenSettings } from './shared-tokens.js';
import type { SharedCacheOptions } from './shared-cache.options.js';

// One byte of a record has its length.
const longestKeyId = 255;

const sharedTable = {
  store: storeOption,
  keys: keysOption,
  timeoutInMs: numberCheck(1_000, { min: 50, max: 60_000, unit: 'milliseconds' }),
  leaseInMs: numberCheck(5_000, { min: 100, max: 60_000, unit: 'milliseconds' }),
} satisfies OptionTable<SharedCacheOptions>;

/** @throws {EntraOptionsError} for the first option that is wrong or missing */
export function resolveSharedOptions(path: string, value: unknown): SharedTokenSettings | undefined {
  if (value === undefined) return undefined;
  const fix = 'Give an object such as { store: new RedisTokenCache({ client }), keys: { current, keys } }.';
  return checkOptions(path, value, sharedTable, fix);
}

function storeOption(path: string, value: unknown): SharedTokenCache {
  const methods = ['read', 'lease', 'put', 'release', 'deleteOwned'];
  const isStore =
    typeof value === 'object' &&
    value !== null &&
    methods.every((name) => typeof Reflect.get(value, name) === 'function');
  if (isStore) return value as SharedTokenCache;
  const fix = 'Give a RedisTokenCache or a TypeOrmTokenCache, or a SharedTokenCache of your own.';
  throw new EntraOptionsError(path, kindOf(value), fix);
}

function keysOption(path: string, value: unknown): KeyRing {
  const ring = new KeyRing(value as RefreshTokenKeyRing, path);
  const long = ring.ids.find((id) => Buffer.byteLength(id) > longestKeyId);
  if (long === undefined) return ring;
  const problem = `an id has ${long.length} characters`;
  throw new EntraOptionsError(`${path}.keys`, problem, `Give ids of ${longestKeyId} bytes at most.`);
}
