import { isIP } from 'node:net';

import { EntraOptionsError } from '../common/entra-auth.error.js';
import { hostOption, textOption } from '../common/text-checks.js';
import { portOption } from './own-options.js';

/** A server that is named, as its certificate has to be. */
export interface NamedServer {
  host: string;
  port: number;
  database: string;
}

/**
 * Checks where a driver connects to that compares the certificate with a name alone.
 *
 * @throws {EntraOptionsError} for a local socket, an IP address, a wrong port, and what is missing
 */
export function namedServer(
  path: string,
  { host, port, database }: Record<string, unknown>,
  { example, defaultPort }: { example: string; defaultPort: number },
): NamedServer {
  const hostFix = `Give the name of the server, such as "${example}".`;
  const checkedHost = hostOption(`${path}.host`, host, hostFix);
  if (checkedHost.startsWith('/') || isIP(checkedHost) !== 0) {
    const problem = checkedHost.startsWith('/') ? 'a local socket' : 'an IP address';
    const fix = `${hostFix} The certificate is checked against the name.`;
    throw new EntraOptionsError(`${path}.host`, problem, fix);
  }
  return {
    host: checkedHost,
    port: portOption(`${path}.port`, port, defaultPort),
    database: textOption(`${path}.database`, database, 'Give the name of the database.'),
  };
}
