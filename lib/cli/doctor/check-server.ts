import { connect, isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls, type TLSSocket } from 'node:tls';

import { asError } from '../../common/thrown.js';
import type { EntraCloud } from '../../entra/clouds.js';
import type { DatabaseSettings } from './doctor.settings.js';
import { fail, ok, warn, type Finding } from './finding.js';

const timeoutInMs = 5_000;
/** The request of PostgreSQL's protocol to go on with TLS. */
const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
const checkReach =
  'Check the host, the port, the firewall and the private endpoint of the server, and that it is running.';
const domains: Readonly<Record<EntraCloud, RegExp>> = {
  public: /\.postgres\.database\.azure\.com$/,
  usgov: /\.postgres\.database\.usgovcloudapi\.net$/,
  china: /\.postgres\.database\.chinacloudapi\.cn$/,
};

/** Whether the name of the server belongs to the cloud that tokens are asked for in. */
export function checkCloud({ host }: DatabaseSettings, cloud: EntraCloud): Finding[] {
  const own = (Object.keys(domains) as EntraCloud[]).find((one) => domains[one].test(host.toLowerCase()));
  if (own === undefined) return [];
  if (own === cloud) return [ok('cloud', `The server is in the cloud "${cloud}".`)];
  const text = `The server is in the cloud "${own}", and tokens are asked for in "${cloud}".`;
  return [fail('cloud', text, `Set the option "cloud" (here --cloud) to "${own}".`)];
}

/** Connects to PostgreSQL and looks at its certificate. Sends no token. */
export async function checkServer(server: DatabaseSettings): Promise<Finding[]> {
  const { host, port } = server;
  let socket: Socket | undefined;
  try {
    socket = await opened(host, port);
    if ((await answerTo(socket)) !== 'S') return [withoutTls(server)];
    const secure = await verified(socket, server);
    const { issuer, valid_to: end } = secure.getPeerCertificate();
    const by = issuer?.CN ?? issuer?.O ?? 'its authority';
    const facts = {
      issuer: String(by),
      certificateEnds: String(end),
      protocol: String(secure.getProtocol()),
    };
    return [ok('server', `${host}:${port} is verified by TLS.`, { facts }), ...poolerFinding(port)];
  } catch (error) {
    return [serverFailure(server, asError(error))];
  } finally {
    socket?.destroy();
  }
}

function opened(host: string, port: number): Promise<Socket> {
  return settled((resolve, reject) => {
    const socket = connect({ host, port, timeout: timeoutInMs });
    socket.once('connect', () => resolve(socket));
    socket.once('error', reject);
    socket.once('timeout', () => {
      socket.destroy();
      reject(new Error(`no connection within ${timeoutInMs} ms`));
    });
  });
}

function answerTo(socket: Socket): Promise<string> {
  return settled((resolve, reject) => {
    socket.once('data', (data) => resolve(String.fromCharCode(data[0] ?? 0)));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the server closed the connection')));
    socket.once('timeout', () => reject(new Error(`no answer within ${timeoutInMs} ms`)));
    socket.write(sslRequest);
  });
}

function verified(socket: Socket, { host, ca }: DatabaseSettings): Promise<TLSSocket> {
  return settled((resolve, reject) => {
    const secure = connectTls({
      checkServerIdentity,
      socket,
      host,
      ...(isIP(host) === 0 && { servername: host }),
      rejectUnauthorized: true,
      ...(ca === undefined ? {} : { ca }),
    });
    secure.once('secureConnect', () => resolve(secure));
    secure.once('error', reject);
    socket.once('timeout', () => reject(new Error(`no TLS within ${timeoutInMs} ms`)));
  });
}

function settled<T>(work: (resolve: (value: T) => void, reject: (error: Error) => void) => void): Promise<T> {
  return new Promise<T>((resolve, reject) => work(resolve, reject));
}

function withoutTls({ host, port }: DatabaseSettings): Finding {
  return fail(
    'server',
    `${host}:${port} does not offer TLS, so that no token is sent there.`,
    'Turn TLS on at the server (require_secure_transport = on), and check the host and the port.',
  );
}

function serverFailure({ host, port, ca }: DatabaseSettings, error: Error): Finding {
  const code: unknown = Reflect.get(error, 'code');
  const text = `${host}:${port}: ${error.message}.`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const remedy = 'Connect by a name that the certificate has, and check where DNS leads the host.';
    return fail('server', `The certificate of ${text}`, remedy);
  }
  if (/CERT|SELF_SIGNED|UNABLE_TO|issuer certificate/.test(`${String(code)} ${error.message}`)) {
    const given = ca === undefined ? '' : ' The one that was given did not sign it.';
    const remedy = `Give the certificate authority as "ssl": { ca } (here --ca-file), or by NODE_EXTRA_CA_CERTS.${given}`;
    return fail('server', `The certificate of ${text}`, remedy);
  }
  return fail('server', text, checkReach);
}

function poolerFinding(port: number): Finding[] {
  if (port !== 6432) return [];
  const text =
    'Port 6432 belongs to PgBouncer, which hides why a login is refused and takes tokens to 2,047 bytes.';
  return [warn('pooler', text, 'Where logins are refused, try port 5432 to see the reason.')];
}
