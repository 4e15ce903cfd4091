import { EntraOptionsError } from '../common/entra-auth.error.js';
import { isObject, kindOf } from '../common/option-checks.js';

/** What may be wrong with an option, and what to write instead. */
export type RefusedOptions = Readonly<Record<string, readonly [given: string, fix: string]>>;

/** @throws {EntraOptionsError} for the first of these options that is given */
export function refuseOptions(options: object, refused: RefusedOptions, within = ''): void {
  for (const [name, [given, fix]] of Object.entries(refused)) {
    if (Reflect.get(options, name) !== undefined) throw new EntraOptionsError(within + name, given, fix);
  }
}

/** @throws {EntraOptionsError} for what is not an object of options */
export function checkIsOptions(options: unknown, fix: string): void {
  if (!isObject(options)) throw new EntraOptionsError('options', kindOf(options), fix);
  if (typeof options['connect'] === 'function') throw new EntraOptionsError('options', 'a client', fix);
}

/** @throws {EntraOptionsError} for what is not the name of a server */
export function checkHost(path: string, host: unknown): void {
  if (host === undefined || (typeof host === 'string' && /^[\w.:-]+$/.test(host) && !host.includes('//')))
    return;
  const fix = 'Give the name alone, such as "name.region.redis.azure.net"; the port is an option of its own.';
  throw new EntraOptionsError(path, typeof host === 'string' ? 'not a host name' : kindOf(host), fix);
}

/**
 * @param within how messages begin the names of these options
 * @throws {EntraOptionsError} for options of `node:tls` that let another server answer
 */
export function checkTlsOptions(tls: object, within: string): void {
  const fix = 'Leave it out, or give "ca" for a private certificate authority.';
  if (Reflect.get(tls, 'rejectUnauthorized') === false) {
    throw new EntraOptionsError(`${within}rejectUnauthorized`, 'false', fix);
  }
  const checkServerIdentity = [
    'given',
    'Leave it out, or give the "servername" of the certificate.',
  ] as const;
  refuseOptions(tls, { checkServerIdentity }, within);
}
