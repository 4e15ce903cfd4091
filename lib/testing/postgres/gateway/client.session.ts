import { ConnectionRefusal } from '../protocol/connection-refusal.js';
import { ClientGoneError } from '../protocol/client-gone.error.js';
import { cleartextPasswordRequest, fatalError } from '../protocol/backend-message.factory.js';
import { readPassword } from '../protocol/packet.reader.js';
import type { StartupMessage } from '../protocol/startup-packet.js';
import type { LoginService } from '../login/login.service.js';
import { relay, type FirstPacket } from './backend.relay.js';
import type { ClientConnection } from './client.connection.js';
import { negotiateEncryption } from './encryption.negotiator.js';

/** What a session needs besides its client. */
export interface SessionServices {
  login: LoginService;
  /** Path of the database's own socket. */
  backendSocket: string;
  /** How long a client may take from the first byte to its token. */
  loginTimeoutInMs: number;
}

/** Serves one client from its first byte on. Never rejects: what goes wrong is told to the client. */
export async function serveClient(client: ClientConnection, services: SessionServices): Promise<void> {
  const deadline = setTimeout(() => client.destroy(), services.loginTimeoutInMs).unref();
  try {
    const firstPacket = await admit(client, services.login);
    await relay(client, services.backendSocket, firstPacket);
  } catch (error) {
    if (error instanceof ClientGoneError) client.destroy();
    else client.end(fatalError(error instanceof ConnectionRefusal ? error : internalError()));
  } finally {
    clearTimeout(deadline);
  }
}

/** Lets the client in or throws; gives the packet that the database shall see first. */
async function admit(client: ClientConnection, login: LoginService): Promise<FirstPacket> {
  const packet = await negotiateEncryption(client);
  // Whoever knows a session's secret key may cancel its query: no login, and libpq before 17 sends no TLS either.
  if (packet.kind === 'cancel-request') return packet;
  if (packet.kind !== 'startup') throw new ConnectionRefusal('08P01', 'encryption was already negotiated');
  await authenticate(client, packet, login);
  return packet;
}

async function authenticate(
  client: ClientConnection,
  startup: StartupMessage,
  login: LoginService,
): Promise<void> {
  if (!client.encrypted) throw login.refuse('no-encryption', startup, client.address);
  client.write(cleartextPasswordRequest());
  login.checkToken(startup, client.address, await readPassword(client.read));
}

/** The cause stays here: a message from an unknown place might quote the token. */
function internalError(): ConnectionRefusal {
  return new ConnectionRefusal('XX000', 'the test server failed to check the login');
}
