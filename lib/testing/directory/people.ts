import { randomUUID } from 'node:crypto';

/** A person in the tenant of the local Entra. */
export interface LocalUser {
  /** Display name, `name` in the tokens. */
  readonly name: string;
  /**
   * `upn` in the tokens, and the name of the person's PostgreSQL role. That of a guest has `#EXT#`, as
   * `ada_fabrikam.com#EXT#@contoso.onmicrosoft.com`; her tokens have no `upn`, and `ada@fabrikam.com` for `unique_name`.
   */
  readonly userPrincipalName: string;
  /** `oid` in the tokens. */
  readonly objectId: string;
  /** The tenant that a guest comes from: `idp` in the tokens. @default a fixed GUID */
  readonly homeTenantId?: string;
  /** Other tenants that know the person as a guest, each with the object ID there. @default none */
  readonly guestIn?: Readonly<Record<string, string>>;
  /** The mailbox, which Graph shows to the person's tokens with `Mail.Read`. @default empty */
  readonly mail?: readonly LocalMessage[];
}

/** A message in a mailbox. */
export interface LocalMessage {
  /** What a list of messages shows of it. */
  readonly subject: string;
  /** An address. @default 'nora@contoso.example' */
  readonly from?: string;
  /** @default the beginning of 2026 */
  readonly receivedAt?: Date;
  /** @default false */
  readonly isRead?: boolean;
}

/** The person who signs in unless a test names another. */
export const exampleUser: LocalUser = {
  name: 'Nora Notes',
  userPrincipalName: 'nora@contoso.example',
  objectId: 'bbbbbbbb-1111-2222-3333-cccccccccccc',
};

/** Where guests come from unless a test names their tenant. */
export const exampleHomeTenantId = '11112222-bbbb-3333-cccc-4444dddd5555';

export function isGuest({ userPrincipalName }: LocalUser): boolean {
  return userPrincipalName.includes('#EXT#');
}

/** The name that a person signs in with: `ada@fabrikam.com` of `ada_fabrikam.com#EXT#@contoso.onmicrosoft.com`. */
export function nameAtHome({ userPrincipalName }: LocalUser): string {
  const [name = '', domain] = userPrincipalName.split('#EXT#');
  return domain === undefined ? name : name.replace(/_(?=[^_]*$)/, '@');
}

/** A member of one tenant as the guest that another one knows; undefined when it knows no such guest. */
export function asGuest(user: LocalUser, homeTenantId: string, tenantId: string): LocalUser | undefined {
  const objectId = user.guestIn?.[tenantId];
  if (objectId === undefined) return undefined;
  const userPrincipalName = `${user.userPrincipalName.replace('@', '_')}#EXT#@${tenantId}`;
  return { ...user, userPrincipalName, objectId, homeTenantId };
}

/** The people of the tenant: Nora, who is always there, those of the options, and everybody who has signed in. */
export class People {
  private readonly byObjectId = new Map([[exampleUser.objectId, exampleUser]]);

  constructor(users: readonly Partial<LocalUser>[] = []) {
    for (const user of users) this.add({ objectId: randomUUID(), ...user });
  }

  get all(): readonly LocalUser[] {
    return [...this.byObjectId.values()];
  }

  /** What is left out is Nora's. */
  add(user: Partial<LocalUser> = {}): LocalUser {
    const person: LocalUser = { ...exampleUser, ...user };
    this.byObjectId.set(person.objectId, person);
    return person;
  }

  /** By user principal name or object ID. */
  find(named: string): LocalUser | undefined {
    const wanted = named.toLowerCase();
    return this.all.find(({ userPrincipalName, objectId }) =>
      [userPrincipalName, objectId].some((name) => name.toLowerCase() === wanted),
    );
  }

  /** @throws TypeError for an unknown person */
  require(named: string = exampleUser.objectId): LocalUser {
    const found = this.find(named);
    if (found !== undefined) return found;
    throw new TypeError(
      `Found no user "${named}" in the local Entra. Add it with the option "users", or name one of: ${this.all.map((user) => user.userPrincipalName).join(', ')}.`,
    );
  }
}
