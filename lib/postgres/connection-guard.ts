import { isIP } from 'node:net';
import { checkServerIdentity, TLSSocket } from 'node:tls';

import type { Client } from 'pg';

import { InsecureConnectionError } from '../common/entra-auth.error.js';
import { connectionOf } from './client-internals.js';
import type { ResolvedDataSource } from './resolve-data-source.js';
import type { ResolvedEndpoint } from './resolve-endpoint.js';
import { anyHostName, verifiesAlike, verifiesServer } from './server-verification.js';

/** The part of pg's connection parameters that decides whether a token may be sent. */
export interface ConnectionTarget {
  host?: string;
  port?: number;
  ssl?: unknown;
}

/** Checks each connection of a data source before it is given a token. */
export class ConnectionGuard {
  readonly #dataSourceName: string;
  /** Copies, since the driver shares the objects of its options and could change them. */
  readonly #endpoints: readonly ResolvedEndpoint[];

  constructor({ name, endpoints }: ResolvedDataSource) {
    this.#dataSourceName = name;
    this.#endpoints = endpoints.map((endpoint) => ({
      ...endpoint,
      ssl: endpoint.ssl && { ...endpoint.ssl },
    }));
  }

  /**
   * Checks a connection that asks for a token.
   *
   * @param client the client of the connection, if known: its socket is checked too
   * @throws {InsecureConnectionError} when it is not the one that was configured, or not verified
   */
  check(target: ConnectionTarget | undefined, client: Client | undefined): void {
    // Drivers before pg 8.14 do not pass the target; the options were checked at start-up.
    if (target === undefined) return;
    const endpoint = this.#configured(target);
    // The client connects to its own host, which need not be that of its parameters any more.
    if (client !== undefined && !leadsTo(endpoint, client)) throw this.#otherHost(client.host);
    if (!verifiesServer(endpoint.ssl)) return;
    if (verifiesAlike(endpoint.ssl, target.ssl) && (client === undefined || isVerified(client, endpoint)))
      return;
    const problem = `The connection to "${target.host}" is not verified TLS; no token was sent.`;
    throw new InsecureConnectionError(problem, 'Leave "ssl" out, or give { ca } of the server.');
  }

  #configured(target: ConnectionTarget): ResolvedEndpoint {
    for (const endpoint of this.#endpoints) if (leadsTo(endpoint, target)) return endpoint;
    throw this.#otherHost(target.host, target.port);
  }

  #otherHost(host: string | undefined, port?: number): InsecureConnectionError {
    const what = `The host "${host}"${port === undefined ? '' : ` with the port ${port}`}`;
    const problem = `${what} is not configured for the data source "${this.#dataSourceName}"; no token was sent.`;
    return new InsecureConnectionError(problem, 'Configure every host in the data source options.');
  }
}

function leadsTo(endpoint: ResolvedEndpoint, { host, port }: ConnectionTarget): boolean {
  return endpoint.host === host && (port === undefined || endpoint.port === port);
}

/** Asks the socket itself: its options can be others than those of the client, and drivers differ in what they check. */
function isVerified(client: Client, { host, ssl }: ResolvedEndpoint): boolean {
  const { stream, ssl: used } = connectionOf(client);
  if (!(stream instanceof TLSSocket && stream.authorized && verifiesAlike(ssl, used))) return false;
  if (ssl !== false && ssl.checkServerIdentity === anyHostName) return true;
  // Every driver has Node compare a name with the client's host; with an IP address pg does so since 8.23.1 only.
  return isIP(host) === 0 || checkServerIdentity(host, stream.getPeerCertificate()) === undefined;
}
