import { randomUUID } from 'node:crypto';
import type { LocalUser } from './people.js';
import type { ServicePrincipal } from './service-principal.js';

/** A security group of the tenant. Its PostgreSQL role is that of all its members. */
export interface LocalGroup {
  /** Display name, and the name of the group's PostgreSQL role. */
  name: string;
  /** @default random */
  objectId?: string;
  /** People by user principal name, applications by display name, both by object ID. */
  members: readonly string[];
}

/** The groups of the tenant, and who is in them at the moment. */
export class Groups {
  readonly all: readonly Required<LocalGroup>[];

  /** @param principals - Everybody who can be a member. */
  constructor(
    groups: readonly LocalGroup[],
    private readonly principals: () => readonly (ServicePrincipal | LocalUser)[],
  ) {
    this.all = groups.map((group) => ({ objectId: randomUUID(), ...group }));
  }

  /** Both by object ID. */
  includes(groupId: string, objectId: string): boolean {
    const group = this.all.find((one) => same(one.objectId, groupId));
    if (group === undefined) return false;
    const principal = this.principals().find((one) => same(one.objectId, objectId));
    const names = [objectId, ...(principal === undefined ? [] : namesOf(principal))];
    return group.members.some((member) => names.some((name) => same(name, member)));
  }
}

function namesOf(principal: ServicePrincipal | LocalUser): string[] {
  return ['userPrincipalName' in principal ? principal.userPrincipalName : principal.name];
}

function same(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
