import { isIP } from 'node:net';

import { EntraOptionsError } from './entra-auth.error.js';
import { kindOf } from './option-checks.js';

const hostName = /^[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_.])?$/i;
const trim = 'Remove it: a file, or a secret made with `echo`, often ends with a line break.';

/**
 * Checks a text: not empty, no white space around it.
 *
 * @throws {EntraOptionsError} without the value
 */
export function textOption(path: string, value: unknown, fix: string): string {
  if (typeof value !== 'string' || value.trim() === '') throw new EntraOptionsError(path, kindOf(value), fix);
  if (value.trim() === value) return value;
  throw new EntraOptionsError(path, 'begins or ends with white space', trim);
}

/** @throws {EntraOptionsError} unless the value is the name or address of a server, without scheme and port */
export function hostOption(path: string, value: unknown, fix: string): string {
  const text = textOption(path, value, fix);
  if (text.startsWith('/') || hostName.test(text) || isIP(text) !== 0) return text;
  const given = text.includes('://')
    ? 'a URL'
    : /^[^:]+:\d+$/.test(text)
      ? 'contains a port'
      : 'not the name of a server';
  const more = given === 'contains a port' ? ' Give the port as "port".' : '';
  throw new EntraOptionsError(path, given, `${fix}${more}`);
}
