import type { LineLogger } from '../common/guarded-logger.js';
import { kindOf } from '../common/option-checks.js';
import type { CredentialProvider } from '../credential/credential-provider.js';
import { sameTenant } from '../entra/same-tenant.js';
import { expectationsOf } from '../entra/token-expectations.js';
import type { EngineSettings, ResolvedResource } from './engine-settings.js';
import { OnDemandSlots } from './on-demand-slots.js';
import { readScopes, type TokenRequest } from './token-request.js';
import { TokenSlot } from './token-slot.js';
import { UnknownResourceError } from './unknown-resource.error.js';

/**
 * Finds the slot that answers a request. Configured resources that ask the same credential for the same thing share
 * a slot; scopes and tenants that nobody configured get one on demand. `enableCae` of a call is no reason for another
 * token: it tells what the caller can handle.
 */
export class SlotRegistry {
  readonly #options: EngineSettings;
  readonly #byName = new Map<string, TokenSlot>();
  #byScopes: ReadonlyMap<string, TokenSlot[]> | undefined;
  readonly #onDemand: OnDemandSlots;

  constructor(options: EngineSettings, onDrop: (slot: TokenSlot) => void, logger: LineLogger) {
    this.#options = options;
    this.#onDemand = new OnDemandSlots(options.maxOnDemandTokens, options.clock, onDrop, logger);
    const shared = new Map<string, TokenSlot[]>();
    for (const resource of options.resources.values()) {
      const candidates = listAt(shared, sharedKey(resource));
      let slot = candidates.find((candidate) => sharesToken(candidate.resource, resource));
      if (slot === undefined) {
        slot = new TokenSlot(resource);
        candidates.push(slot);
      }
      this.#byName.set(resource.name, slot);
    }
  }

  /** The slots of the configured resources. */
  configured(): TokenSlot[] {
    return [...new Set(this.#byName.values())];
  }

  /** The slots that were made by calls. */
  onDemand(): TokenSlot[] {
    return [...this.#onDemand.values()];
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

  /**
   * @throws {UnknownResourceError} for what is neither a resource's name nor scopes
   * @throws {EntraOptionsError} for scopes that are too long or too many
   */
  find(resourceOrScopes: string | readonly string[], request: TokenRequest): TokenSlot {
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

  /** Lets go of a slot that was made on demand. */
  drop(slot: TokenSlot): void {
    this.#onDemand.drop(slot);
  }

  /** Tells that an attempt for a slot has ended: one that found no room is not kept any longer. */
  settled(slot: TokenSlot): void {
    if (slot.onDemand) this.#onDemand.settled(slot);
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
  #indexByScopes(): ReadonlyMap<string, TokenSlot[]> {
    const index = new Map<string, TokenSlot[]>();
    for (const slot of this.configured()) listAt(index, sortedScopes(slot.resource.scopes)).push(slot);
    return index;
  }

  #onDemandFor(scopes: readonly string[], key: string, tenantId: string | undefined): TokenSlot {
    const plain = this.#onDemand.get(`|${key}`);
    const isPlain =
      plain === undefined
        ? tenantId === undefined || this.#options.credential.isOwnTenant(tenantId)
        : serves(plain, tenantId);
    if (!isPlain) return this.#ofTenant(tenantId, `|${key}`, () => this.#resourceFor(scopes));
    return plain ?? this.#add(`|${key}`, this.#resourceFor(scopes));
  }

  #variantOf({ name, resource }: TokenSlot, tenantId: string | undefined): TokenSlot {
    return this.#ofTenant(tenantId, `#${name}`, () => resource);
  }

  #ofTenant(tenantId = '', keyElsewhere: string, elsewhere: () => ResolvedResource): TokenSlot {
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

  #add(key: string, resource: ResolvedResource): TokenSlot {
    const slot = new TokenSlot(resource, key);
    this.#onDemand.add(slot);
    return slot;
  }

  #unknown(name: string): UnknownResourceError {
    return new UnknownResourceError(name, [...this.#byName.keys()]);
  }
}

/** Whether the token of a slot is one of that tenant. */
function serves({ resource, held }: TokenSlot, tenantId: string | undefined): boolean {
  if (tenantId === undefined) return true;
  const isConfigured =
    resource.tenantId === undefined
      ? resource.credential.isOwnTenant(tenantId)
      : sameTenant(resource.tenantId, tenantId);
  return isConfigured || sameTenant(held?.tenantId, tenantId);
}

/** The slot whose configuration is nearest to a request, among those for the same scopes. */
function closest(slots: readonly TokenSlot[], request: TokenRequest): TokenSlot | undefined {
  const { tenantId, enableCae = false } = request;
  const able = slots.filter((slot) => serves(slot, tenantId));
  const plain = tenantId === undefined ? able.filter((slot) => slot.resource.tenantId === undefined) : able;
  const nearest = plain.length === 0 ? able : plain;
  return nearest.find((slot) => slot.resource.enableCae === enableCae) ?? nearest[0];
}

function listAt(lists: Map<string, TokenSlot[]>, key: string): TokenSlot[] {
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
