import type { ResolvedResource } from './engine-settings.js';
import { TokenEntry } from './token-entry.js';
import { UnknownResourceError } from './unknown-resource.error.js';

/** The entries of configured resources. Resources that ask the same credential for the same thing share one. */
export class ConfiguredEntries {
  readonly #byName = new Map<string, TokenEntry>();
  /** Made on the first look-up by scopes, which many applications never do. */
  #byScopes: Map<string, TokenEntry[]> | undefined;

  constructor(resources: Iterable<ResolvedResource>) {
    const shared = new Map<string, TokenEntry[]>();
    for (const resource of resources) {
      const candidates = listAt(shared, sharedKey(resource));
      let entry = candidates.find((candidate) => sharesToken(candidate.resource, resource));
      if (entry === undefined) {
        entry = new TokenEntry(resource);
        candidates.push(entry);
      }
      this.#byName.set(resource.name, entry);
    }
  }

  /** Each entry once. */
  all(): TokenEntry[] {
    return [...new Set(this.#byName.values())];
  }

  /** The resources, each with its entry. */
  names(): ReadonlyMap<string, TokenEntry> {
    return this.#byName;
  }

  get(name: string): TokenEntry | undefined {
    return this.#byName.get(name);
  }

  /** @throws {UnknownResourceError} when no resource has that name */
  named(name: string): TokenEntry {
    const entry = this.#byName.get(name);
    if (entry === undefined) throw this.unknown(name);
    return entry;
  }

  /** @param key scopes, as `sortedScopes` returns them */
  withScopes(key: string): readonly TokenEntry[] {
    this.#byScopes ??= this.#indexByScopes();
    return this.#byScopes.get(key) ?? [];
  }

  unknown(name: string): UnknownResourceError {
    return new UnknownResourceError(name, [...this.#byName.keys()]);
  }

  #indexByScopes(): Map<string, TokenEntry[]> {
    const index = new Map<string, TokenEntry[]>();
    for (const entry of this.all()) listAt(index, sortedScopes(entry.resource.scopes)).push(entry);
    return index;
  }
}

function listAt(lists: Map<string, TokenEntry[]>, key: string): TokenEntry[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}

/** Scopes as one text, whatever their order. */
export function sortedScopes(scopes: readonly string[]): string {
  return scopes.length === 1 ? (scopes[0] ?? '') : [...scopes].sort().join(' ');
}

function sharedKey({ scopes, tenantId, enableCae, credential }: ResolvedResource): string {
  const tenant = tenantId === undefined || credential.isOwnTenant(tenantId) ? '' : tenantId.toLowerCase();
  return `${sortedScopes(scopes)}|${tenant}|${enableCae}`;
}

function sharesToken(a: ResolvedResource, b: ResolvedResource): boolean {
  return a.credential === b.credential && JSON.stringify(a.policy) === JSON.stringify(b.policy);
}
