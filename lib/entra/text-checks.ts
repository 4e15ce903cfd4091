import { isIP } from 'node:net';

import { EntraOptionsError } from '../common/entra-auth.error.js';
import { kindOf } from '../common/option-checks.js';

const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const tenant = /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/i;
const hostName = /^[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_.])?$/i;
const trim = 'Take it out: a file, or a secret made with `echo`, often ends with a line break.';

/**
 * A text that is not empty and has no white space around it.
 *
 * @throws {EntraOptionsError} for anything else, without showing it
 */
export function textOption(path: string, value: unknown, fix: string): string {
  if (typeof value !== 'string' || value.trim() === '') throw new EntraOptionsError(path, kindOf(value), fix);
  if (value.trim() === value) return value;
  throw new EntraOptionsError(path, 'begins or ends with white space', trim);
}

/** @throws {EntraOptionsError} for what is neither the GUID nor a domain of a tenant */
export function tenantOption(path: string, value: unknown): string {
  const fix = "Use the tenant's GUID or a verified domain.";
  const text = textOption(path, value, fix);
  if (tenant.test(text)) return text;
  throw new EntraOptionsError(path, 'not a tenant', fix);
}

/** @throws {EntraOptionsError} for what is not a GUID, as every client id is */
export function clientIdOption(path: string, value: unknown): string {
  const fix = 'Use the application (client) id, a GUID without quotation marks.';
  const text = textOption(path, value, fix);
  if (guid.test(text)) return text;
  throw new EntraOptionsError(path, 'not a GUID', fix);
}

/** @throws {EntraOptionsError} for a URL, a port or anything else that is not the name or address of a server */
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
