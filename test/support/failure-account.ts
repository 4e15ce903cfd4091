import { isEntraAuthError } from 'nestjs-entra-auth';

/** Something that happened between two points in time, in milliseconds by one clock. */
export interface Span {
  from: number;
  to: number;
}

/** A query with the login or the wait before it. */
export interface Operation extends Span {
  /** When it had its connection, and which session of the server that was; absent when it never got one. */
  connection?: { lentAt: number; pid: number };
}

/** What was done to the server. */
export interface Mischief {
  /** The server was stopped and started again. */
  restarts: Span[];
  /** A session was ended from outside. */
  kills: (Span & { pid: number })[];
}

/** Why an operation could not but fail. */
export type FailureCause =
  /** It was under way, or tried, while the server was down. */
  | 'server-down'
  /** Its session was ended while it had it. */
  | 'killed-in-flight'
  /** Its session had been ended just before, and neither pool nor driver could have heard of it yet. */
  | 'killed-while-idle';

/** Later than this after a kill, its message has been through the event loop even of a busy machine. */
const longestNewsInMs = 100;

/** Finds the cause of a failure in what was done to the server; `undefined` when nothing explains it. */
export function causeOf(
  error: unknown,
  operation: Operation,
  { restarts, kills }: Mischief,
): FailureCause | undefined {
  if (!isConnectionFailure(error)) return undefined;
  if (restarts.some((restart) => overlap(restart, operation))) return 'server-down';
  const { connection } = operation;
  if (connection === undefined) {
    // Its login was done on the side of the server, and the session ended before the client knew.
    return kills.some((kill) => overlap(kill, operation)) ? 'killed-in-flight' : undefined;
  }
  // The number of a session can be that of another one later.
  const kill = kills.findLast(({ pid, from }) => pid === connection.pid && from <= operation.to);
  if (kill === undefined) return undefined;
  if (kill.to >= connection.lentAt) return 'killed-in-flight';
  return connection.lentAt - kill.to <= longestNewsInMs ? 'killed-while-idle' : undefined;
}

function overlap(one: Span, other: Span): boolean {
  return one.from <= other.to && other.from <= one.to;
}

function isConnectionFailure(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (isEntraAuthError(error)) return error.code === 'ENTRA_DATABASE_UNREACHABLE';
  const code: unknown = Reflect.get(error, 'code');
  return (
    (typeof code === 'string' && /^(57P0[1-3]|ECONNRESET|EPIPE)$/.test(code)) ||
    /Connection terminated|not queryable/.test(error.message)
  );
}
