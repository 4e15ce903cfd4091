import type { VerifiedClaims } from '../tokens/verified-token.js';

/** Who calls Graph: a person through an application, or the application itself. */
export interface GraphCaller {
  objectId: string;
  tenantId: string;
  delegated: boolean;
  /** `scp` of a person's token, `roles` of an application's. */
  permissions: readonly string[];
}

/** Reads the caller from a verified token. */
export function callerOf({ oid, tid, scp, roles }: VerifiedClaims): GraphCaller {
  const delegated = typeof scp === 'string';
  const given: unknown[] = delegated ? scp.split(' ') : Array.isArray(roles) ? roles : [];
  const permissions = given.filter((permission) => typeof permission === 'string');
  return { objectId: oid, tenantId: tid, delegated, permissions };
}

/** Whether the caller has one of the permissions; one to write includes the one to read. */
export function mayRead(caller: GraphCaller, permissions: readonly string[]): boolean {
  const sufficient = permissions.flatMap((name) => [name, name.replace('.Read', '.ReadWrite')]);
  return caller.permissions.some((permission) => sufficient.includes(permission));
}
