import type { EndpointName } from '../http/endpoint.js';
import { isGrantFault, isTokenFault, type Fault } from './fault.js';
import type { Faults, FaultTarget } from './faults.js';

const endpoints: readonly EndpointName[] = [
  ...(['discovery', 'jwks', 'authorize', 'device-code', 'token', 'imds', 'app-service', 'graph'] as const),
];
const issuingEndpoints: ReadonlySet<EndpointName> = new Set(['token', 'imds', 'app-service']);

interface ActiveFault {
  fault: Fault;
  remaining: number;
}

/** Which fault the next request of each endpoint meets. */
export class FaultRegistry implements Faults {
  private readonly active = new Map<EndpointName, ActiveFault>();

  /** @param applyRefusals - Opens and closes ports after a change. */
  constructor(private readonly applyRefusals: () => Promise<void>) {}

  async set(endpoint: FaultTarget, fault: Fault, options: { times?: number } = {}): Promise<void> {
    const { times = Infinity } = options;
    if (!(times === Infinity || (Number.isInteger(times) && times > 0))) {
      throw new TypeError(`"times" must be a positive whole number, not ${times}.`);
    }
    if (fault.kind === 'connection-refused' && times !== Infinity) {
      throw new TypeError('Refused connections cannot be counted: leave "times" out and clear the fault.');
    }
    for (const name of targets(endpoint, fault)) this.active.set(name, { fault, remaining: times });
    await this.applyRefusals();
  }

  async clear(endpoint: FaultTarget = 'all'): Promise<void> {
    if (endpoint === 'all') this.active.clear();
    else this.active.delete(endpoint);
    await this.applyRefusals();
  }

  /** Whether connections to the endpoint are to be refused. */
  refuses(endpoint: EndpointName): boolean {
    return this.active.get(endpoint)?.fault.kind === 'connection-refused';
  }

  /** The fault for a request that has just arrived, counted down. */
  take(endpoint: EndpointName): Fault | undefined {
    const active = this.active.get(endpoint);
    if (active === undefined) return undefined;
    active.remaining -= 1;
    if (active.remaining === 0) this.active.delete(endpoint);
    return active.fault;
  }
}

function targets(endpoint: FaultTarget, fault: Fault): readonly EndpointName[] {
  const possible = endpoints.filter((name) => canHappen(fault, name));
  if (endpoint === 'all') return possible;
  if (possible.includes(endpoint)) return [endpoint];
  const reason = isTokenFault(fault) ? 'issues no token' : 'is not the token endpoint';
  throw new TypeError(`"${endpoint}" ${reason}, so "${fault.kind}" cannot happen there.`);
}

function canHappen(fault: Fault, endpoint: EndpointName): boolean {
  if (isTokenFault(fault)) return issuingEndpoints.has(endpoint);
  return !isGrantFault(fault) || endpoint === 'token';
}
