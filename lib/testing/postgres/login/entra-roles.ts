import type { EntraRole } from './entra-role.js';

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
