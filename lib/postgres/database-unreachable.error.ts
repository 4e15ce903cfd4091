import { isError } from '../common/thrown.js';
import { EntraAuthError } from '../common/entra-auth.error.js';

/** Could not connect to PostgreSQL. The error of the network or of the driver is the `cause`. */
export class DatabaseUnreachableError extends EntraAuthError {
  override readonly name = 'DatabaseUnreachableError';
  readonly host: string;
  readonly port: number;

  constructor(host: string, port: number, dataSource: string, cause: Error) {
    super('ENTRA_DATABASE_UNREACHABLE', {
      problem: `Could not connect to PostgreSQL at ${host}:${port} for the data source "${dataSource}": ${reasonOf(cause)}.`,
      fix: 'Check the host, the port, the firewall and the private endpoint of the server, and that it is running.',
      retryable: true,
      cause,
    });
    this.host = host;
    this.port = port;
  }
}

function reasonOf(cause: Error): string {
  // Node tries every address of a name, and says nothing itself when all of them fail.
  const inner: unknown[] = cause instanceof AggregateError ? cause.errors : [];
  const messages = inner.filter((error) => isError(error)).map((error) => error.message);
  return [cause.message, ...messages].filter((message) => message !== '').join('; ') || cause.name;
}
