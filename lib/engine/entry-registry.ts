import type { LineLogger } from '../common/guarded-logger.js';
import { kindOf } from '../common/option-checks.js';
import type { CredentialProvider } from '../credential/credential-provider.js';
import { sameTenant } from '../entra/tenant.js';
import { expectationsOf } from '../entra/well-known-resources.js';
import { ConfiguredEntries, sortedScopes } from './configured-entries.js';
import type { EngineSettings, ResolvedResource } from './engine-settings.js';
import { OnDemandEntries, type OnDemandOwner } from './on-demand-entries.js';
import { TokenEntry } from './token-entry.js';
import { checkScopes, readScopes, type TokenRequest } from './token-request.js';

/**
 * Finds the entry that answers a request. Scopes and tenants that are not configured get one on demand. `enableCae` of a
 * call selects no other token: it is a capability of the caller.
 */
export class EntryRegistry implements OnDemandOwner {
  readonly #settings: EngineSettings;
  readonly #configured: ConfiguredEntries;
  readonly #onDemand: OnDemandEntries;

  constructor(settings: EngineSettings, onDrop: (entry: TokenEntry) => void, logger: LineLogger) {
    const { resources, maxOnDemandTokens, clock } = settings;
    this.#settings = settings;
    this.#configured = new ConfiguredEntries(resources.values());
    this.#onDemand = new OnDemandEntries(maxOnDemandTokens, clock, onDrop, logger);
  }

  get configured(): ConfiguredEntries {
    return this.#configured;
  }

  /** The entries that were made by calls. */
  onDemand(): TokenEntry[] {
    return [...this.#onDemand.values()];
  }

  /** Every entry, those made on demand included. */
  all(): TokenEntry[] {
    return [...this.#configured.all(), ...this.#onDemand.values()];
  }

  /** Every credential that serves an entry, or served one that was dropped since. */
  credentials(): ReadonlySet<CredentialProvider> {
    const configured = this.#configured.all().map((entry) => entry.resource.credential);
    return new Set([this.#settings.credential, ...configured]);
  }

  /**
   * @throws {UnknownResourceError} for a string that is neither a resource's name nor a scope
   * @throws {EntraOptionsError} for scopes that no request can hold
   */
  find(resourceOrScopes: string | readonly string[], request: TokenRequest): TokenEntry {
    const { tenantId } = request;
    if (typeof resourceOrScopes === 'string') {
      const named = this.#configured.get(resourceOrScopes);
      if (named !== undefined) return serves(named, tenantId) ? named : this.#variantOf(named, tenantId);
    }
    const scopes = this.#scopesIn(resourceOrScopes);
    const key = sortedScopes(scopes);
    const configured = this.#configured.withScopes(key);
    const [first] = configured;
    if (first === undefined) return this.#onDemandFor(scopes, key, tenantId);
    return closest(configured, request) ?? this.#variantOf(first, tenantId);
  }

  /** Drops an entry that was made on demand. */
  drop(entry: TokenEntry): void {
    this.#onDemand.drop(entry);
  }

  /** Drops an entry that found no room, now that its attempt has ended. */
  ended(entry: TokenEntry): void {
    if (entry.onDemand) this.#onDemand.ended(entry);
  }

  /** Without TypeScript, or with a name that the configuration lacks, anything can be given. */
  #scopesIn(given: unknown): readonly string[] {
    if (typeof given === 'string' && !/[:/]/.test(given)) throw this.#configured.unknown(given);
    const list: readonly unknown[] | undefined =
      typeof given === 'string' ? given.split(' ') : Array.isArray(given) ? given : undefined;
    const scopes = list && readScopes(list);
    if (scopes === undefined)
      throw this.#configured.unknown(list === undefined ? typeof given : kindOf(given));
    return scopes;
  }

  #onDemandFor(scopes: readonly string[], key: string, tenantId: string | undefined): TokenEntry {
    const plain = this.#onDemand.get(`|${key}`);
    const isPlain =
      plain === undefined
        ? tenantId === undefined || this.#settings.credential.isOwnTenant(tenantId)
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
    const expectations = expectationsOf(resource.scopes, tenantId, this.#settings.cloud);
    return this.#add(key, { ...resource, name: `${resource.name}@${tenantId}`, tenantId, expectations });
  }

  #resourceFor(scopes: readonly string[]): ResolvedResource {
    const { credential, policy, cloud } = this.#settings;
    checkScopes(scopes);
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
