/**
 * What a client may send before it is authenticated. `bytes` is the packet as it came, length word included.
 *
 * @see https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
export type StartupPacket =
  | { kind: 'tls-request'; bytes: Buffer }
  | { kind: 'gss-request'; bytes: Buffer }
  | { kind: 'cancel-request'; bytes: Buffer }
  | StartupMessage;

/** The packet that names the role and the database. */
export interface StartupMessage {
  kind: 'startup';
  bytes: Buffer;
  user: string;
  database: string;
}
