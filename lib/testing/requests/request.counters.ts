import type { EndpointName } from '../http/endpoint.js';

/** How many requests have arrived since the start or the last reset, those that met a fault included. */
export interface RequestCounters {
  /** Requests of the discovery documents. */
  readonly discovery: number;
  /** Requests of the signing keys. */
  readonly jwks: number;
  /** To the sign-in page. */
  readonly authorize: number;
  /** For the codes of a device, and to the page where they are entered. */
  readonly deviceCode: number;
  /** To the token endpoint of any tenant. */
  readonly token: number;
  /** Requests of IMDS. */
  readonly imds: number;
  /** Requests of the endpoint of App Service. */
  readonly appService: number;
  /** Requests of Graph. */
  readonly graph: number;
  /** All of the above. */
  readonly total: number;
  /**
   * Requests for a token of this API, over all three endpoints that issue one.
   *
   * @param resource - `https://graph.microsoft.com`, or the same as a scope with `/.default`.
   */
  forResource(resource: string): number;
  /** Sets everything to zero. */
  reset(): void;
}

/** Counts requests as they arrive. */
export class RequestTally implements RequestCounters {
  private readonly byEndpoint = new Map<EndpointName, number>();
  private readonly byResource = new Map<string, number>();

  get discovery(): number {
    return this.of('discovery');
  }
  get jwks(): number {
    return this.of('jwks');
  }
  get authorize(): number {
    return this.of('authorize');
  }
  get deviceCode(): number {
    return this.of('device-code');
  }
  get token(): number {
    return this.of('token');
  }
  get imds(): number {
    return this.of('imds');
  }
  get appService(): number {
    return this.of('app-service');
  }
  get graph(): number {
    return this.of('graph');
  }
  get total(): number {
    return [...this.byEndpoint.values()].reduce((sum, count) => sum + count, 0);
  }

  forResource(resource: string): number {
    return this.byResource.get(resourceKey(resource)) ?? 0;
  }

  reset(): void {
    this.byEndpoint.clear();
    this.byResource.clear();
  }

  /** Counts one request. */
  add(endpoint: EndpointName, resource: string | undefined): void {
    this.byEndpoint.set(endpoint, this.of(endpoint) + 1);
    if (resource === undefined) return;
    const key = resourceKey(resource);
    this.byResource.set(key, this.forResource(key) + 1);
  }

  private of(endpoint: EndpointName): number {
    return this.byEndpoint.get(endpoint) ?? 0;
  }
}

function resourceKey(resourceOrScope: string): string {
  return resourceOrScope.replace(/\/\.default$/, '').replace(/\/$/, '');
}
