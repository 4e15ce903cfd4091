import type { CredentialProvider } from '../credential/credential-provider.js';
import { UnknownResourceError } from '../errors/unknown-resource.error.js';
import { expectationsOf } from '../options/resolve-resource.js';
import type { ResolvedOptions, ResolvedResource } from '../options/resolved-options.js';
import { TokenSlot } from './token-slot.js';

/** What distinguishes a request for a token from the configured default. */
export interface TokenVariant {
  tenantId?: string | undefined;
  enableCae?: boolean | undefined;
}

/** The configured resources by their scopes. */
interface ScopesIndex {
  /** By scopes, tenant and Continuous Access Evaluation. */
  exactly: Map<string, TokenSlot>;
  /** By scopes alone. */
  anyVariant: Map<string, TokenSlot>;
}

const mostOnDemandSlots = 100;

/**
 * Finds the slot that answers a request. Configured resources that ask the same credential for the same thing share
 * a slot; scopes that nobody configured get one on demand, bounded in number.
 */
export class SlotRegistry {
  readonly #options: ResolvedOptions;
  readonly #byName = new Map<string, TokenSlot>();
  #index: ScopesIndex | undefined;
  /** In order of last use. */
  readonly #onDemand = new Map<string, TokenSlot>();
  readonly #onEvict: (slot: TokenSlot) => void;

  constructor(options: ResolvedOptions, onEvict: (slot: TokenSlot) => void) {
    this.#options = options;
    this.#onEvict = onEvict;
    const shared = new Map<string, TokenSlot[]>();
    for (const resource of options.resources.values()) {
      const key = scopesKey(resource.scopes, resource);
      const candidates = shared.get(key) ?? [];
      shared.set(key, candidates);
      let slot = candidates.find((candidate) => sharesToken(candidate.resource, resource));
      if (slot === undefined) {
        slot = new TokenSlot(resource.name, resource, options.clock, false);
        candidates.push(slot);
      }
      this.#byName.set(resource.name, slot);
    }
  }

  /** The slots of the configured resources. */
  configured(): TokenSlot[] {
    return [...new Set(this.#byName.values())];
  }

  /** Every slot, those made on demand included. */
  all(): TokenSlot[] {
    return [...this.configured(), ...this.#onDemand.values()];
  }

  /** Every credential that serves a slot, or served one that was dropped since. */
  credentials(): ReadonlySet<CredentialProvider> {
    const configured = this.configured().map((slot) => slot.resource.credential);
    return new Set([this.#options.credential, ...configured]);
  }

  /** The configured resources by name, each with its slot. */
  names(): ReadonlyMap<string, TokenSlot> {
    return this.#byName;
  }

  /** @throws {UnknownResourceError} when no resource has that name */
  named(name: string): TokenSlot {
    const slot = this.#byName.get(name);
    if (slot === undefined) throw this.#unknown(name);
    return slot;
  }

  /** @throws {UnknownResourceError} for a string that is neither a resource's name nor a scope */
  find(resourceOrScopes: string | readonly string[], variant: TokenVariant | undefined): TokenSlot {
    if (variant === undefined && typeof resourceOrScopes === 'string') {
      // By far the most frequent request.
      const named = this.#byName.get(resourceOrScopes);
      if (named !== undefined) return named;
    }
    const plain = variant?.tenantId === undefined && variant?.enableCae === undefined;
    if (typeof resourceOrScopes === 'string') {
      const named = this.#byName.get(resourceOrScopes);
      if (named !== undefined) return plain ? named : this.#variantOf(named.resource, variant);
      if (!/[:/]/.test(resourceOrScopes)) throw this.#unknown(resourceOrScopes);
    }
    // Somebody without TypeScript, or whose configuration lacks the name, may give nothing at all.
    const given: unknown = resourceOrScopes;
    if (typeof given !== 'string' && !Array.isArray(given)) throw this.#unknown(typeof given);
    const scopes = typeof resourceOrScopes === 'string' ? [resourceOrScopes] : resourceOrScopes;
    if (scopes.length === 0 || scopes.some((scope) => typeof scope !== 'string' || scope === '')) {
      throw this.#unknown(scopes.join(' '));
    }
    const configured = this.#byScopes().exactly.get(scopesKey(scopes, variant ?? {}));
    return configured ?? this.#variantOf(this.#closest(scopes), variant);
  }

  /** Lets go of a slot that was made on demand. */
  drop(slot: TokenSlot): void {
    for (const [key, candidate] of this.#onDemand) {
      if (candidate === slot) this.#onDemand.delete(key);
    }
    this.#onEvict(slot);
  }

  /** A resource for these scopes: a configured one lends its credential, else the module's credential serves. */
  #closest(scopes: readonly string[]): ResolvedResource {
    const configured = this.#byScopes().anyVariant.get(sortedScopes(scopes));
    if (configured !== undefined) return configured.resource;
    const { credential, policy, cloud } = this.#options;
    const name = scopes.join(' ');
    return {
      name,
      scopes,
      enableCae: false,
      credential,
      policy,
      expectations: expectationsOf(scopes, undefined, cloud),
    };
  }

  /** Made when somebody first asks by scopes: an application that asks by name only need not pay for it. */
  #byScopes(): ScopesIndex {
    if (this.#index !== undefined) return this.#index;
    const index: ScopesIndex = { exactly: new Map(), anyVariant: new Map() };
    for (const slot of this.#byName.values()) {
      const { scopes } = slot.resource;
      setOnce(index.exactly, scopesKey(scopes, slot.resource), slot);
      setOnce(index.anyVariant, sortedScopes(scopes), slot);
    }
    this.#index = index;
    return index;
  }

  #variantOf(resource: ResolvedResource, variant: TokenVariant | undefined): TokenSlot {
    const tenantId = variant?.tenantId ?? resource.tenantId;
    const enableCae = variant?.enableCae ?? resource.enableCae;
    if (tenantId === resource.tenantId && enableCae === resource.enableCae) {
      const configured = this.#byName.get(resource.name);
      if (configured?.resource === resource) return configured;
    }
    const key = `${resource.name} ${scopesKey(resource.scopes, { tenantId, enableCae })}`;
    const existing = this.#onDemand.get(key);
    if (existing !== undefined) {
      this.#onDemand.delete(key);
      this.#onDemand.set(key, existing);
      return existing;
    }
    const wanted: ResolvedResource = {
      ...resource,
      enableCae,
      ...(tenantId === undefined
        ? {}
        : { tenantId, expectations: expectationsOf(resource.scopes, tenantId, this.#options.cloud) }),
    };
    const name = [
      resource.name,
      tenantId === resource.tenantId ? '' : `@${tenantId}`,
      enableCae ? ' (CAE)' : '',
    ].join('');
    const slot = new TokenSlot(name, wanted, this.#options.clock, true);
    this.#evict();
    this.#onDemand.set(key, slot);
    return slot;
  }

  /** Makes room for one more. */
  #evict(): void {
    for (const slot of this.#onDemand.values()) {
      if (this.#onDemand.size < mostOnDemandSlots) return;
      if (!slot.isAwaited) this.drop(slot);
    }
  }

  #unknown(name: string): UnknownResourceError {
    return new UnknownResourceError(name, [...this.#byName.keys()]);
  }
}

function sortedScopes(scopes: readonly string[]): string {
  return scopes.length === 1 ? (scopes[0] ?? '') : [...scopes].sort().join(' ');
}

function scopesKey(scopes: readonly string[], variant: TokenVariant): string {
  return `${sortedScopes(scopes)}|${variant.tenantId ?? ''}|${variant.enableCae ?? false}`;
}

/** The first resource that was configured wins. */
function setOnce(map: Map<string, TokenSlot>, key: string, slot: TokenSlot): void {
  if (!map.has(key)) map.set(key, slot);
}

function sharesToken(a: ResolvedResource, b: ResolvedResource): boolean {
  return a.credential === b.credential && JSON.stringify(a.policy) === JSON.stringify(b.policy);
}
