import type { PrincipalType, RolePrincipal } from '../cluster/entra-principals.sql.js';

/** A database role that belongs to a principal in Entra ID. */
export interface EntraRole {
  /** What the client gives as user name; case matters. */
  name: string;
  /** Object id of the principal: `oid` of its tokens, or the group whose members log in. */
  objectId: string;
  /**
   * What the principal is: the role takes no token of another kind.
   * @default what the tenant has under that object ID; for any other, tokens of users and applications are taken
   */
  type?: PrincipalType;
  /**
   * What it may do. `none`: log in, as what `pgaadauth_create_principal(…, false, …)` makes. `migrations`: create objects
   * in the database and in schema `public`, too. `admin`: what members of `azure_pg_admin` may, too, such as creating the
   * extensions of the allow-list.
   * @default 'none'
   */
  rights?: 'none' | 'migrations' | 'admin';
}

/** Whom a role belongs to; the kind may be unknown. */
export type RoleEntry = Omit<RolePrincipal, 'type'> & { type: PrincipalType | undefined };

/** The roles of the options, by name. The database knows those that SQL has made. */
export class EntraRoles {
  private readonly entries = new Map<string, RoleEntry>();

  /** @param typeOf - What the tenant has under an object ID. */
  constructor(private readonly typeOf: (objectId: string) => PrincipalType | undefined = () => undefined) {}

  set(name: string, entry: RoleEntry): void {
    this.entries.set(name, entry);
  }

  /** What is to be known of a role. */
  entryOf({ objectId, type, rights }: EntraRole): RoleEntry {
    return { objectId, type: type ?? this.typeOf(objectId), isAdmin: rights === 'admin' };
  }

  get(name: string): RoleEntry | undefined {
    return this.entries.get(name);
  }

  /** Leaves it to the labels in the database whom roles belong to. */
  forget(): void {
    this.entries.clear();
  }
}
