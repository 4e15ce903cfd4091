import type { HttpClient } from '@azure/core-rest-pipeline';
import type { TokenCredentialOptions } from '@azure/identity';

import type { Clock } from '../common/clock.js';
import { isExemptFromProxy } from '../common/proxy-of-environment.js';
import { redactError } from '../common/redaction.js';
import { authorityHosts, type EntraCloud } from '../entra/clouds.js';
import { capHttpClient } from './capped-http-client.js';
import type { CredentialConfiguration } from './credential-configuration.js';
import { CredentialUnavailableError } from './credential.error.js';

/** What to do when the optional package is missing. */
export const installIdentity =
  'Run `npm install @azure/identity`, or pass a credential of your own as "credential".';

export type AzureIdentity = typeof import('@azure/identity');

/** Loads `@azure/identity`, of any version. */
export type AzureIdentityLoader = () => Promise<AzureIdentity>;

/** What every credential of `@azure/identity` is given. */
export type AzureIdentityOptions = TokenCredentialOptions & {
  disableInstanceDiscovery?: boolean;
  additionallyAllowedTenants: string[];
};

export const defaultRequestTimeoutInMs = 10_000;

/** What the credentials of one configuration have in common. */
export class AzureIdentityContext {
  /** Deadline of a request, headers and body, in milliseconds. */
  readonly requestTimeoutInMs: number;
  #identity: Promise<AzureIdentity> | undefined;
  #options: Promise<AzureIdentityOptions> | undefined;

  constructor(
    private readonly configuration: CredentialConfiguration,
    private readonly cloud: EntraCloud,
    readonly clock: Clock,
    private readonly load: AzureIdentityLoader = loadAzureIdentity,
  ) {
    this.requestTimeoutInMs = configuration.requestTimeoutInMs ?? defaultRequestTimeoutInMs;
  }

  /** The library, which is an optional peer and slow to import, so it is loaded on first need. */
  identity(): Promise<AzureIdentity> {
    return (this.#identity ??= this.load());
  }

  /** The options of each of its credentials. */
  options(): Promise<AzureIdentityOptions> {
    return (this.#options ??= this.#makeOptions());
  }

  async #makeOptions(): Promise<AzureIdentityOptions> {
    const { authorityHost, certificateAuthority } = this.configuration;
    return {
      // Without an own authority, @azure/identity reads AZURE_AUTHORITY_HOST.
      ...(authorityHost !== undefined || this.cloud !== 'public'
        ? { authorityHost: authorityHost ?? authorityHosts[this.cloud] }
        : {}),
      ...(certificateAuthority === undefined
        ? {}
        : { tlsOptions: { ca: certificateAuthority }, disableInstanceDiscovery: true }),
      // Its own retries wait out a Retry-After of an hour; repeating is the refresher's business.
      retryOptions: { maxRetries: 0 },
      // A `tenantId` of a resource or of a call is permission enough.
      additionallyAllowedTenants: ['*'],
      ...(await this.#cappedClient()),
    };
  }

  async #cappedClient(): Promise<Pick<AzureIdentityOptions, 'httpClient'>> {
    try {
      const { createDefaultHttpClient } = await import('@azure/core-rest-pipeline');
      const client = trusting(exempting(createDefaultHttpClient()), this.configuration.certificateAuthority);
      return { httpClient: capHttpClient(client, this.requestTimeoutInMs, this.clock) };
    } catch {
      // It comes with @azure/identity, but a strict package manager may hide it. The attempt's own deadline remains.
      return {};
    }
  }
}

/** Behind a proxy the library leaves the private certificate authority of its `tlsOptions` out. */
function trusting(inner: HttpClient, ca: string | undefined): HttpClient {
  if (ca === undefined) return inner;
  return {
    sendRequest: (request) => {
      request.requestOverrides = { ...request.requestOverrides, ca };
      return inner.sendRequest(request);
    },
  };
}

/** The library passes over `*`, ports, upper case, spaces and `*.domain` in `NO_PROXY`, which the rest of this module honours. */
function exempting(inner: HttpClient): HttpClient {
  return {
    sendRequest: (request) => {
      if (isExemptFromProxy(new URL(request.url))) delete request.agent;
      return inner.sendRequest(request);
    },
  };
}

async function loadAzureIdentity(): Promise<AzureIdentity> {
  try {
    return await import('@azure/identity');
  } catch (error) {
    throw new CredentialUnavailableError(
      '"@azure/identity", which has the credential that is configured (or the default one), could not be loaded.',
      installIdentity,
      redactError(error),
    );
  }
}

/** Drops undefined values: the library distinguishes them from absent keys. */
export function definedOnly<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
