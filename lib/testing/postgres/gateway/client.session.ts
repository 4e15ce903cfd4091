import {
  ConnectionRefusal,
  cleartextPasswordRequest,
  fatalError,
} from '../protocol/backend-message.factory.js';
import { ClientGoneError } from '../protocol/byte.reader.js';
import { readPassword } from '../protocol/packet.reader.js';
import { StatementFilter } from '../protocol/statement.filter.js';
import type { StartupMessage } from '../protocol/startup-packet.parser.js';
import { concernsRoles, withoutSecurityLabels } from '../cluster/security-label.js';
import type { RoleEntry } from '../login/entra-roles.js';
import type { LoginService } from '../login/login.service.js';
import { relay, type FirstPacket } from './backend.relay.js';
import type { ClientConnection } from './client.connection.js';
import { negotiateEncryption } from './encryption.negotiator.js';

/** In bytes; PgBouncer has room for no more. */
const longestPoolerPassword = 2047;

/** What a session needs besides its client. */
export interface SessionServices {
  login: LoginService;
  /** Whom a role that SQL has made belongs to. */
  principalOf: (role: string) => Promise<RoleEntry | undefined>;
  /** Path of the database's own socket. */
  backendSocket: string;
  /** Whether PgBouncer stands in front: it cuts long passwords and has a SQLSTATE of its own. */
  pooler: boolean;
  /** How long a client may take from the first byte to its token. */
  loginTimeoutInMs: number;
}

/** Serves one client from its first byte on. Never rejects: what goes wrong is told to the client. */
export async function serveClient(client: ClientConnection, services: SessionServices): Promise<void> {
  const deadline = setTimeout(() => client.destroy(), services.loginTimeoutInMs).unref();
  try {
    const { firstPacket, isAdmin } = await admit(client, services);
    await relay(client, services.backendSocket, firstPacket, isAdmin ? administration(services) : undefined);
  } catch (error) {
    if (error instanceof ClientGoneError) client.destroy();
    else client.end(fatalError(refusalOf(error, services.pooler)));
  } finally {
    clearTimeout(deadline);
  }
}

/** Administrators may give roles to principals, in words for which PostgreSQL itself has no provider. */
function administration({ login }: SessionServices): StatementFilter {
  return new StatementFilter((sql) => {
    if (concernsRoles(sql)) login.roles.forget();
    return withoutSecurityLabels(sql);
  });
}

/** Lets the client in or throws; gives the packet that the database shall see first. */
async function admit(
  client: ClientConnection,
  services: SessionServices,
): Promise<{ firstPacket: FirstPacket; isAdmin: boolean }> {
  const packet = await negotiateEncryption(client);
  // A session's secret key is enough to cancel its query: no login, and libpq before 17 sends no TLS either.
  if (packet.kind === 'cancel-request') return { firstPacket: packet, isAdmin: false };
  if (packet.kind !== 'startup') throw new ConnectionRefusal('08P01', 'encryption was already negotiated');
  const { isAdmin } = await authenticate(client, packet, services);
  return { firstPacket: packet, isAdmin };
}

async function authenticate(
  client: ClientConnection,
  startup: StartupMessage,
  { login, pooler, principalOf }: SessionServices,
): Promise<{ isAdmin: boolean }> {
  if (!client.encrypted) throw login.refuse('no-encryption', startup, client.address);
  client.write(cleartextPasswordRequest());
  const password = await readPassword(client.read);
  const role = login.roles.get(startup.user) ?? (await principalOf(startup.user));
  const token = pooler ? password.slice(0, longestPoolerPassword) : password;
  login.checkToken(startup, client.address, token, role);
  await login.faults.meet();
  return { isAdmin: role?.isAdmin === true };
}

function refusalOf(error: unknown, pooler: boolean): ConnectionRefusal {
  if (!(error instanceof ConnectionRefusal)) return internalError();
  const isOfLogin = error.sqlState.startsWith('28');
  return pooler && isOfLogin ? new ConnectionRefusal('08P01', 'password authentication failed') : error;
}

/** The cause stays here: a message from an unknown place might quote the token. */
function internalError(): ConnectionRefusal {
  return new ConnectionRefusal('XX000', 'the test server failed to check the login');
}
