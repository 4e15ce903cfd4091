/** A database role that belongs to a principal in Entra ID. */
export interface EntraRole {
  /** What the client gives as user name; case matters. */
  name: string;
  /** Object id of the principal; a login must bring a token with this `oid`. */
  objectId: string;
  /**
   * What it may do: nothing beyond a login, as what `pgaadauth_create_principal(…, false, …)` makes; create objects in the
   * database and in schema `public`; or that and what members of `azure_pg_admin` may.
   * @default 'migrations'
   */
  rights?: 'none' | 'migrations' | 'admin';
}

/** The roles that may log in, by name. */
export class EntraRoles {
  private readonly objectIds = new Map<string, string>();

  set({ name, objectId }: EntraRole): void {
    this.objectIds.set(name, objectId.toLowerCase());
  }

  has(name: string): boolean {
    return this.objectIds.has(name);
  }

  belongsTo(name: string, objectId: string): boolean {
    return this.objectIds.get(name) === objectId.toLowerCase();
  }
}
