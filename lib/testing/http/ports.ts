import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { KeyAndCertificate } from '../certificates/certificate-authority.js';
import type { EndpointName } from './endpoint.js';
import { Listener } from './listener.js';

/** The ports of the local Entra: as in the cloud, what is a host of its own can be away on its own. */
export class Ports {
  readonly authority: Listener;
  readonly graph: Listener;
  readonly imds = new Listener(createHttpServer());
  readonly appService = new Listener(createHttpServer());
  private change = Promise.resolve();
  private closed = false;

  constructor(tls: KeyAndCertificate) {
    this.authority = new Listener(createHttpsServer(tls));
    this.graph = new Listener(createHttpsServer(tls));
  }

  /** @param port - Of the authority; the others take any free one. */
  async open(port: number): Promise<void> {
    await this.authority.open(port);
    await Promise.all([this.graph.open(), this.imds.open(), this.appService.open()]);
  }

  /** Closes the ports of refused endpoints and opens the others, one change after the other. */
  refuse(isRefused: (endpoint: EndpointName) => boolean): Promise<void> {
    const apply = async (listener: Listener, endpoints: readonly EndpointName[]): Promise<void> => {
      if (this.closed) return;
      await (endpoints.some(isRefused) ? listener.close() : listener.open());
    };
    const changed = this.change.then(async () => {
      await Promise.all([
        apply(this.authority, ['token', 'discovery', 'jwks', 'authorize', 'device-code']),
        apply(this.graph, ['graph']),
        apply(this.imds, ['imds']),
        apply(this.appService, ['app-service']),
      ]);
    });
    this.change = changed.catch(() => undefined);
    return changed;
  }

  /** Cuts every connection and closes every port for good. */
  async close(): Promise<void> {
    this.closed = true;
    await this.change;
    const listeners = [this.authority, this.graph, this.imds, this.appService];
    await Promise.all(listeners.map((listener) => listener.close()));
  }
}
