import type { RequestOptions } from 'node:https';

// Node.js also reads what the options inherit, so that another package's fault on `Object.prototype` would decide whom to
// trust and where to connect. An own property stands above that, also one without a value.
export const nothingInherited = {
  // A resumed TLS session shows no certificate that could be checked. An agent lets this stand above those that it keeps.
  session: undefined,
  ca: undefined,
  cert: undefined,
  key: undefined,
  pfx: undefined,
  passphrase: undefined,
  secureContext: undefined,
  pskCallback: undefined,
  servername: undefined,
  ALPNProtocols: undefined,
  socket: undefined,
  socketPath: undefined,
  localAddress: undefined,
  lookup: undefined,
  createConnection: undefined,
  auth: undefined,
  timeout: undefined,
} as unknown as RequestOptions;
