import { hash } from 'node:crypto';

import { EntraOptionsError } from '../common/entra-auth.error.js';
import { isObject, kindOf } from '../common/option-checks.js';
import { isTenantGuid } from '../entra/tenant.js';
import type { StoredUser } from '../store/refresh-token-store.js';

/** A person, as tokens name one: `tid` and `oid`. A guest is another one in each tenant. */
export interface UserIdentity {
  /** GUID of the tenant: `tid` of the caller's token, or of the sign-in. */
  tenantId: string;
  /** Object id of the user in that tenant: `oid`. */
  objectId: string;
}

const keyLength = 16;

/** The text by which what is held of a person is found: one-way, and short, since each entry has one. */
export function personKey({ tenantId, objectId }: UserIdentity): string {
  const digest = hash('sha256', `${tenantId} ${objectId}`.toLowerCase(), 'buffer');
  return digest.toString('latin1', 0, keyLength);
}

/** The same of a sign-in; `undefined` for one that does not name user and tenant. */
export function personOf(user: StoredUser | undefined): string | undefined {
  if (user?.tenantId === undefined) return undefined;
  return personKey({ tenantId: user.tenantId, objectId: user.objectId });
}

/** @throws {EntraOptionsError} unless both are GUIDs */
export function identityOption(path: string, value: unknown): UserIdentity {
  const fix = 'Give { tenantId, objectId }: "tid" and "oid" of the token of the user.';
  if (!isObject(value)) throw new EntraOptionsError(path, kindOf(value), fix);
  for (const name of ['tenantId', 'objectId']) {
    const given = value[name];
    if (typeof given === 'string' && isTenantGuid(given)) continue;
    throw new EntraOptionsError(
      `${path}.${name}`,
      typeof given === 'string' ? 'not a GUID' : kindOf(given),
      fix,
    );
  }
  return value as unknown as UserIdentity;
}

/** Whether a stored sign-in is of a person. Object ids are unique; a sign-in may not name its tenant. */
export function isStoredUser({ tenantId, objectId }: UserIdentity, stored: StoredUser | undefined): boolean {
  const same = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();
  if (stored === undefined || !same(stored.objectId, objectId)) return false;
  return stored.tenantId === undefined || same(stored.tenantId, tenantId);
}
