import type { ConnectionOptions as TlsConnectionOptions } from 'node:tls';

/** The TLS of one server: `false` is none. Only what `verifiesServer` accepts is safe for a token. */
export type EndpointTls = false | TlsConnectionOptions;

/** For `sslmode=verify-ca`: the chain of certificates is checked, the name in the certificate is not. */
export const anyHostName = (): undefined => undefined;

/** Whether TLS options verify the server, in a way that this module knows. */
export function verifiesServer(ssl: unknown): boolean {
  if (typeof ssl !== 'object' || ssl === null) return false;
  const { rejectUnauthorized, checkServerIdentity } = ssl as TlsConnectionOptions;
  return (
    rejectUnauthorized === true && (checkServerIdentity === undefined || checkServerIdentity === anyHostName)
  );
}

/** Whether two sets of TLS options check the same: both the host name, or both any. */
export function verifiesAlike(one: unknown, other: unknown): boolean {
  if (!verifiesServer(one) || !verifiesServer(other)) return false;
  const check = (ssl: unknown): unknown => (ssl as TlsConnectionOptions).checkServerIdentity;
  return check(one) === check(other);
}
