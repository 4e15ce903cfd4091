import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { isGrantFault, isTokenFault, type Fault } from '../faults/fault.js';
import { faultResponse } from '../faults/fault-response.js';
import type { FaultRegistry } from '../faults/fault.registry.js';
import type { RequestTally } from '../requests/request.counters.js';
import { tooManyRequests } from '../managed-identity/request.limit.js';
import type { Endpoint, EndpointRequest, EndpointResponse } from './endpoint.js';
import type { Latency } from './latency.js';
import { readRequest } from './request-reader.js';
import { writeResponse } from './response-writer.js';

/** What the ports of one local Entra share. */
export interface DispatcherContext {
  tally: RequestTally;
  faults: FaultRegistry;
  latency: Latency;
  /** Milliseconds since 1970. */
  now: () => number;
}

/** A response, whole or only its first half, or none. */
export type RequestOutcome =
  { response: EndpointResponse; afterHalf?: 'then-hang' | 'then-cut' } | 'reset' | 'silence';

type Reset = (connection: Socket) => void;

/** Hands the requests of one port to its endpoints. */
export class RequestDispatcher {
  constructor(
    private readonly endpoints: readonly Endpoint[],
    private readonly context: DispatcherContext,
  ) {}

  /** Never rejects: a client that goes away in the middle affects no other client. */
  async dispatch(message: IncomingMessage, response: ServerResponse, reset: Reset): Promise<void> {
    try {
      await this.answer(message, response, reset);
    } catch {
      message.socket.destroy();
    }
  }

  /** What becomes of a request that has been read: counted, then delayed, then answered or hit by a fault. */
  async outcome(request: EndpointRequest): Promise<RequestOutcome> {
    const { tally, faults, latency } = this.context;
    const endpoint = this.endpoints.find((candidate) => candidate.matches(request.path));
    if (endpoint === undefined) return { response: notFound(request.path) };
    tally.add(endpoint.name, endpoint.resourceOf?.(request));
    // Taken on arrival: requests that overlap meet the faults in the order in which they came.
    const fault = faults.take(endpoint.name);
    const leave = endpoint.limit === undefined ? unlimited : endpoint.limit.enter();
    await latency.pass();
    if (fault !== undefined) leave?.();
    if (fault !== undefined) return this.faulty(fault, endpoint, request);
    if (leave === undefined) return { response: tooManyRequests };
    leave();
    return { response: endpoint.handle(request) };
  }

  private async answer(message: IncomingMessage, response: ServerResponse, reset: Reset): Promise<void> {
    const outcome = await this.outcome(await readRequest(message));
    if (outcome === 'reset') return reset(message.socket);
    if (outcome === 'silence') return;
    response.setHeader('date', new Date(this.context.now()).toUTCString());
    writeResponse(response, outcome.response, outcome.afterHalf);
  }

  private faulty(fault: Fault, endpoint: Endpoint, request: EndpointRequest): RequestOutcome {
    if (isTokenFault(fault)) return { response: endpoint.handle({ ...request, tokenFault: fault }) };
    if (isGrantFault(fault)) return { response: endpoint.handle({ ...request, grantFault: fault }) };
    switch (fault.kind) {
      case 'connection-refused':
      case 'connection-reset':
        return 'reset';
      case 'hang-before-headers':
        return 'silence';
      case 'hang-after-processing':
        endpoint.handle(request);
        return 'silence';
      case 'hang-in-body':
        return { response: endpoint.handle(request), afterHalf: 'then-hang' };
      case 'cut-in-body':
        return { response: endpoint.handle(request), afterHalf: 'then-cut' };
      case 'http-status':
      case 'entra-error':
      case 'invalid-json':
      case 'html-page':
        return { response: faultResponse(fault, this.context.now(), request) };
    }
  }
}

function unlimited(): void {}

function notFound(path: string): EndpointResponse {
  return { status: 404, body: { error: 'not_found', error_description: `Found nothing at ${path}.` } };
}
