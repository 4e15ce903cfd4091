import { setMaxListeners } from 'node:events';
import { Agent } from 'node:https';

import { proxyOfEnvironment } from '../common/proxy-of-environment.js';
import { managedIdentityAuthentication } from './client-proof.js';
import { ExchangeQueue } from './exchange-queue.js';
import type { UserTokenSettings } from './resolve-user-options.js';
import { TenantPauses } from './tenant-pauses.js';
import type { UserGrant, UserRequestSettings } from './user-grant.js';
import type { UserTokenEventReporter } from './user-token-event.reporter.js';

// A handshake and a response take half a millisecond each, and those of a turn add up.
const atOnce = 24;

/** Sends the requests for users' tokens: so many at once, none while a tenant pauses, and counts them. */
export class UserRequests {
  /** How requests are sent. */
  readonly wire: UserRequestSettings;
  /** How refresh tokens are redeemed: never twice, since a server may take each one once. Shutdown cuts none of them off. */
  readonly redemptionWire: UserRequestSettings;
  readonly #pauses: TenantPauses;
  readonly #exchanges: ExchangeQueue;
  /** Those that wait for a store too: one that hangs holds up no exchange. */
  readonly #redemptions: ExchangeQueue;
  readonly #events: UserTokenEventReporter;
  /** The agents that are made here, and end here. */
  readonly #agent: Agent | undefined;
  readonly #redemptionAgent: Agent | undefined;
  readonly #shutdown = new AbortController();
  #sent = 0;

  constructor(
    settings: UserTokenSettings,
    identityToken: () => Promise<string>,
    events: UserTokenEventReporter,
  ) {
    const { authentication, clock } = settings;
    // Each exchange under way listens.
    setMaxListeners(0, this.#shutdown.signal);
    this.#pauses = new TenantPauses(clock);
    const newQueue = (): ExchangeQueue =>
      new ExchangeQueue(atOnce, this.#pauses, settings.requestTimeoutInMs);
    this.#exchanges = newQueue();
    this.#redemptions = newQueue();
    this.#events = events;
    this.#agent = settings.agent === undefined ? agentFor(settings.authorityHost, 60_000) : undefined;
    this.wire = {
      ...settings,
      endpointVersion: 'v2.0',
      offlineAccess: false,
      authentication:
        authentication === 'managed-identity' ? managedIdentityAuthentication(identityToken) : authentication,
      transport: {
        ca: settings.certificateAuthority,
        agent: settings.agent ?? this.#agent,
        timeoutInMs: settings.requestTimeoutInMs,
        clock,
        origin: undefined,
        repeatsOnStaleConnection: () => !this.#shutdown.signal.aborted,
        signal: this.#shutdown.signal,
      },
    };
    // Shorter than servers keep them open: a redemption on a connection that was just closed is not repeated.
    this.#redemptionAgent =
      settings.agent === undefined ? agentFor(settings.authorityHost, 4_000) : undefined;
    const { transport } = this.wire;
    const agent = settings.agent ?? this.#redemptionAgent;
    this.redemptionWire = {
      ...this.wire,
      offlineAccess: true,
      transport: { ...transport, agent, repeatsOnStaleConnection: () => false, signal: undefined },
    };
  }

  /** Requests that wait or are under way. */
  get pending(): number {
    return this.#exchanges.length + this.#redemptions.length;
  }

  /** Requests that were begun. */
  get sent(): number {
    return this.#sent;
  }

  /** Runs work for a grant when it is its turn. */
  inTurn<T>({ usesStore }: UserGrant, tenantId: string, work: () => Promise<T>): Promise<T> {
    return (usesStore ? this.#redemptions : this.#exchanges).run(tenantId, work);
  }

  /** How long a tenant is left alone, in milliseconds; zero when it is not. */
  pauseOf(tenantId: string): number {
    return this.#pauses.leftOf(tenantId);
  }

  /**
   * Sends a request, whose turn it is.
   *
   * @param isFromServer whether a result shows that the server accepts the application
   */
  async send<T>(
    tenantId: string,
    request: () => Promise<T>,
    isFromServer: (result: T) => boolean = () => true,
  ): Promise<T> {
    this.#sent++;
    try {
      const result = await request();
      this.#events.succeeded();
      if (isFromServer(result)) this.#pauses.succeeded(tenantId);
      return result;
    } catch (error) {
      this.#pauses.failed(tenantId, error);
      throw error;
    }
  }

  /** Begins nothing more, and cuts exchanges off. */
  stop(): void {
    this.#shutdown.abort();
    this.#exchanges.stop();
    this.#redemptions.stop();
    this.#agent?.destroy();
  }

  /** Ends connections. Redemptions have ended by then. */
  end(): void {
    this.#redemptionAgent?.destroy();
  }
}

/** Keeps connections open between exchanges. Through a proxy each has one of its own. */
function agentFor(authorityHost: string, timeout: number): Agent | undefined {
  try {
    if (proxyOfEnvironment(new URL(authorityHost)) !== undefined) return undefined;
  } catch {
    // The request itself reports the variable.
    return undefined;
  }
  return new Agent({ keepAlive: true, maxSockets: atOnce, maxFreeSockets: atOnce, timeout });
}
