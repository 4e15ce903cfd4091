import { BoundedMap } from '../common/bounded-map.js';
import { EntraOptionsError } from '../common/entra-auth.error.js';
import { kindOf } from '../common/option-checks.js';
import { checkScopes, readScopes } from '../engine/token-request.js';
import { UnknownResourceError } from '../engine/unknown-resource.error.js';
import type { EntraCloud } from '../entra/clouds.js';
import { expectationsOf } from '../entra/well-known-resources.js';
import type { TokenExpectations } from '../entra/token-validation.js';

/** What users' tokens are for. Compared by identity. */
export interface UserResource {
  /** The configured name, or the scopes. */
  readonly name: string;
  readonly scopes: readonly string[];
  readonly enableCae: boolean;
  readonly expectations: TokenExpectations;
}

const mostOnDemand = 1_000;

/** Finds the resource of a `getToken` call: by name, by the scopes of a configured resource, or by other scopes. */
export class UserResources {
  readonly #byName: ReadonlyMap<string, UserResource>;
  readonly #cloud: EntraCloud;
  /** By scopes. */
  readonly #configured = new Map<string, UserResource>();
  readonly #onDemand = new BoundedMap<string, UserResource>(mostOnDemand);

  constructor(byName: ReadonlyMap<string, UserResource>, cloud: EntraCloud) {
    this.#byName = byName;
    this.#cloud = cloud;
    for (const resource of byName.values()) this.#configured.set(keyOf(resource.scopes), resource);
  }

  /**
   * @throws {UnknownResourceError} for a text that is neither a configured name nor a scope
   * @throws {EntraOptionsError} for scopes that no request can hold
   */
  find(named: string | readonly string[] | null | undefined): UserResource {
    const only = typeof named === 'string' ? named : named?.length === 1 ? named[0] : undefined;
    if (only !== undefined) {
      const known = this.#byName.get(only) ?? this.#configured.get(only) ?? this.#onDemand.get(only);
      if (known !== undefined) return known;
    }
    return this.#findByScopes(named);
  }

  #findByScopes(named: unknown): UserResource {
    const list: readonly unknown[] =
      typeof named === 'string' ? named.split(' ') : Array.isArray(named) ? named : [];
    const scopes = readScopes(list);
    if (scopes === undefined) {
      throw new EntraOptionsError('scopes', kindOf(named), 'Give the name of a resource, or scopes.');
    }
    // A name is short and a scope is not, but for those of Graph, which begin in upper case as `Mail.Read` does.
    if (typeof named === 'string' && !/[:/.]/.test(named)) {
      throw new UnknownResourceError(named, [...this.#byName.keys()]);
    }
    const key = keyOf(scopes);
    const known = this.#configured.get(key) ?? this.#onDemand.get(key);
    if (known !== undefined) return known;
    checkScopes(scopes);
    const resource: UserResource = {
      name: scopes.join(' '),
      scopes: [...scopes],
      enableCae: false,
      expectations: expectationsOf(scopes, undefined, this.#cloud),
    };
    this.#onDemand.set(key, resource);
    return resource;
  }
}

function keyOf(scopes: readonly string[]): string {
  return scopes.length === 1 ? (scopes[0] ?? '') : [...scopes].sort().join(' ');
}
