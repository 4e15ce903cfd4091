import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { isGrantFault, isTokenFault } from '../faults/fault.js';
import { faultResponse } from '../faults/fault-response.js';
import type { FaultRegistry } from '../faults/fault.registry.js';
import type { RequestTally } from '../requests/request.counters.js';
import type { Endpoint, EndpointResponse } from './endpoint.js';
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

type Reset = (connection: Socket) => void;

/** Hands the requests of one port to its endpoints: counted, then delayed, then answered or hit by a fault. */
export class RequestDispatcher {
  constructor(
    private readonly endpoints: readonly Endpoint[],
    private readonly context: DispatcherContext,
  ) {}

  /** Never rejects: a client that goes away in the middle concerns nobody else. */
  async dispatch(message: IncomingMessage, response: ServerResponse, reset: Reset): Promise<void> {
    try {
      await this.answer(message, response, reset);
    } catch {
      message.socket.destroy();
    }
  }

  private async answer(message: IncomingMessage, response: ServerResponse, reset: Reset): Promise<void> {
    const { tally, faults, latency, now } = this.context;
    const request = await readRequest(message);
    const endpoint = this.endpoints.find((candidate) => candidate.matches(request.path));
    if (endpoint === undefined) return writeResponse(response, notFound(request.path));
    tally.add(endpoint.name, endpoint.resourceOf?.(request));
    // Taken on arrival: requests that overlap meet the faults in the order in which they came.
    const fault = faults.take(endpoint.name);
    await latency.pass();
    if (fault === undefined) return writeResponse(response, endpoint.handle(request));
    if (isTokenFault(fault))
      return writeResponse(response, endpoint.handle({ ...request, tokenFault: fault }));
    if (isGrantFault(fault))
      return writeResponse(response, endpoint.handle({ ...request, grantFault: fault }));
    switch (fault.kind) {
      case 'connection-refused':
      case 'connection-reset':
        return reset(message.socket);
      case 'hang-before-headers':
        return;
      case 'hang-after-processing':
        endpoint.handle(request);
        return;
      case 'hang-in-body':
        return writeResponse(response, endpoint.handle(request), 'then-hang');
      case 'cut-in-body':
        return writeResponse(response, endpoint.handle(request), 'then-cut');
      case 'http-status':
      case 'entra-error':
      case 'invalid-json':
      case 'html-page':
        return writeResponse(response, faultResponse(fault, now(), request));
    }
  }
}

function notFound(path: string): EndpointResponse {
  return { status: 404, body: { error: 'not_found', error_description: `There is nothing at ${path}.` } };
}
