import type { LineLogger } from '../common/guarded-logger.js';
import { kindOf } from '../common/option-checks.js';
import type { CredentialProvider } from '../credential/credential-provider.js';
import { sameTenant } from '../entra/tenant.js';
import { expectationsOf } from '../entra/well-known-resources.js';
import type { EngineSettings, ResolvedResource } from './engine-settings.js';
import { OnDemandEntries } from './on-demand-entries.js';
import { TokenEntry } from './token-entry.js';
import { readScopes, type TokenRequest } from './token-request.js';
import { UnknownResourceError } from './unknown-resource.error.js';

/**
 * Finds the entry that answers a request. Configured resources that ask the same credential for the same thing share
 * an entry; scopes and tenants that nobody configured get one on demand. `enableCae` of a call is no reason for another
 * token: it tells what the caller can handle.
 */
export class EntryRegistry {
  readonly #options: EngineSettings;
  readonly #byName = new Map<string, TokenEntry>();
  #byScopes: ReadonlyMap<string, TokenEntry[]> | undefined;
  readonly #onDemand: OnDemandEntries;

  constructor(options: EngineSettings, onDrop: (entry: TokenEntry) => void, logger: LineLogger) {
    this.#options = options;
    this.#onDemand = new OnDemandEntries(options.maxOnDemandTokens, options.clock, onDrop, logger);
    const shared = new Map<string, TokenEntry[]>();
    for (const resource of options.resources.values()) {
      const candidates = listAt(shared, sharedKey(resource));
      let entry = candidates.find((candidate) => sharesToken(candidate.resource, resource));
      if (entry === undefined) {
        entry = new TokenEntry(resource);
        candidates.push(entry);
      }
      this.#byName.set(resource.name, entry);
    }
  }

  /** The entries of the configured resources. */
  configured(): TokenEntry[] {
    return [...new Set(this.#byName.values())];
  }

  /** The entries that were made by calls. */
  onDemand(): TokenEntry[] {
    return [...this.#onDemand.values()];
  }

  /** Every entry, those made on demand included. */
  all(): TokenEntry[] {
    return [...this.configured(), ...this.#onDemand.values()];
  }

  /** Every credential that serves an entry, or served one that was dropped since. */
  credentials(): ReadonlySet<CredentialProvider> {
    const configured = this.configured().map((entry) => entry.resource.credential);
    return new Set([this.#options.credential, ...configured]);
  }

  /** The configured resources by name, each with its entry. */
  names(): ReadonlyMap<string, TokenEntry> {
    return this.#byName;
  }

  /** @throws {UnknownResourceError} when no resource has that name */
  named(name: string): TokenEntry {
    const entry = this.#byName.get(name);
    if (entry === undefined) throw this.#unknown(name);
    return entry;
  }

  /**
   * @throws {UnknownResourceError} for what is neither a resource's name nor scopes
   * @throws {EntraOptionsError} for scopes that are too long or too many
   */
  find(resourceOrScopes: string | readonly string[], request: TokenRequest): TokenEntry {
    const { tenantId } = request;
    if (typeof resourceOrScopes === 'string') {
      const named = this.#byName.get(resourceOrScopes);
      if (named !== undefined) return serves(named, tenantId) ? named : this.#variantOf(named, tenantId);
    }
    const scopes = this.#scopesIn(resourceOrScopes);
    const key = sortedScopes(scopes);
    this.#byScopes ??= this.#indexByScopes();
    const configured = this.#byScopes.get(key) ?? [];
    const [first] = configured;
    if (first === undefined) return this.#onDemandFor(scopes, key, tenantId);
    return closest(configured, request) ?? this.#variantOf(first, tenantId);
  }

  /** Lets go of an entry that was made on demand. */
  drop(entry: TokenEntry): void {
    this.#onDemand.drop(entry);
  }

  /** Tells that an attempt for an entry has ended: one that found no room is not kept any longer. */
  ended(entry: TokenEntry): void {
    if (entry.onDemand) this.#onDemand.ended(entry);
  }

  /** Without TypeScript, or with a name that the configuration lacks, anything can be given. */
  #scopesIn(given: unknown): readonly string[] {
    if (typeof given === 'string' && !/[:/]/.test(given)) throw this.#unknown(given);
    const list: readonly unknown[] | undefined =
      typeof given === 'string' ? [given] : Array.isArray(given) ? given : undefined;
    const scopes = list && readScopes(list);
    if (scopes === undefined) throw this.#unknown(list === undefined ? typeof given : kindOf(given));
    return scopes;
  }

  /** Made when somebody first asks by scopes: an application that asks by name only need not pay for it. */
  #indexByScopes(): ReadonlyMap<string, TokenEntry[]> {
    const index = new Map<string, TokenEntry[]>();
    for (const entry of this.configured()) listAt(index, sortedScopes(entry.resource.scopes)).push(entry);
    return index;
  }

  #onDemandFor(scopes: readonly string[], key: string, tenantId: string | undefined): TokenEntry {
    const plain = this.#onDemand.get(`|${key}`);
    const isPlain =
      plain === undefined
        ? tenantId === undefined || this.#options.credential.isOwnTenant(tenantId)
        : serves(plain, tenantId);
    if (!isPlain) return this.#ofTenant(tenantId, `|${key}`, () => this.#resourceFor(scopes));
    return plain ?? this.#add(`|${key}`, this.#resourceFor(scopes));
  }

  #variantOf({ name, resource }: TokenEntry, tenantId: string | undefined): TokenEntry {
    return this.#ofTenant(tenantId, `#${name}`, () => resource);
  }

  #ofTenant(tenantId = '', keyElsewhere: string, elsewhere: () => ResolvedResource): TokenEntry {
    const key = tenantId.toLowerCase() + keyElsewhere;
    const existing = this.#onDemand.get(key);
    if (existing !== undefined) return existing;
    const resource = elsewhere();
    const expectations = expectationsOf(resource.scopes, tenantId, this.#options.cloud);
    return this.#add(key, { ...resource, name: `${resource.name}@${tenantId}`, tenantId, expectations });
  }

  #resourceFor(scopes: readonly string[]): ResolvedResource {
    const { credential, policy, cloud } = this.#options;
    return {
      name: scopes.join(' '),
      scopes,
      tenantId: undefined,
      enableCae: false,
      credential,
      policy,
      expectations: expectationsOf(scopes, undefined, cloud),
    };
  }

  #add(key: string, resource: ResolvedResource): TokenEntry {
    const entry = new TokenEntry(resource, key);
    this.#onDemand.add(entry);
    return entry;
  }

  #unknown(name: string): UnknownResourceError {
    return new UnknownResourceError(name, [...this.#byName.keys()]);
  }
}

/** Whether the token of an entry is one of that tenant. */
function serves({ resource, state }: TokenEntry, tenantId: string | undefined): boolean {
  if (tenantId === undefined) return true;
  const isConfigured =
    resource.tenantId === undefined
      ? resource.credential.isOwnTenant(tenantId)
      : sameTenant(resource.tenantId, tenantId);
  return isConfigured || sameTenant(state.held?.tenantId, tenantId);
}

/** The entry whose configuration is nearest to a request, among those for the same scopes. */
function closest(entries: readonly TokenEntry[], request: TokenRequest): TokenEntry | undefined {
  const { tenantId, enableCae = false } = request;
  const able = entries.filter((entry) => serves(entry, tenantId));
  const plain = tenantId === undefined ? able.filter((entry) => entry.resource.tenantId === undefined) : able;
  const nearest = plain.length === 0 ? able : plain;
  return nearest.find((entry) => entry.resource.enableCae === enableCae) ?? nearest[0];
}

function listAt(lists: Map<string, TokenEntry[]>, key: string): TokenEntry[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}

function sortedScopes(scopes: readonly string[]): string {
  return scopes.length === 1 ? (scopes[0] ?? '') : [...scopes].sort().join(' ');
}

function sharedKey({ scopes, tenantId, enableCae, credential }: ResolvedResource): string {
  const tenant = tenantId === undefined || credential.isOwnTenant(tenantId) ? '' : tenantId.toLowerCase();
  return `${sortedScopes(scopes)}|${tenant}|${enableCae}`;
}

function sharesToken(a: ResolvedResource, b: ResolvedResource): boolean {
  return a.credential === b.credential && JSON.stringify(a.policy) === JSON.stringify(b.policy);
}
