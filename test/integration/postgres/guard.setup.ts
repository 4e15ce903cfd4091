import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInThisContext } from 'node:vm';

import { CertificateAuthority } from '../../../lib/testing/certificates/certificate-authority.js';
import { RecordingServer } from './guard.recording-server.js';

/** The servers of the table. Each wants the token; one of them is the right one. */
export const serverNames = ['right', 'foreign', 'no TLS', 'asks at once', 'socket'] as const;
export type ServerName = (typeof serverNames)[number];

/** Connects to this machine, and is in no certificate: neither as a name nor, for a Node that reads it so, as 0.0.0.0. */
export const unnamedHost = '0';

/** Connects to this machine, and is in no certificate. */
export const unnamedAddress = '0.0.0.0';

export interface GuardSetup {
  servers: Record<ServerName, RecordingServer>;
  /** The certificate authority of the right server. */
  ca: string;
  /** File of the certificate authority of the right server. */
  caFile: string;
  /** Directory of the local socket. */
  directory: string;
  port(server: ServerName): number;
  stop(): Promise<void>;
}

export async function startGuardSetup(): Promise<GuardSetup> {
  const [own, foreign] = [new CertificateAuthority(), new CertificateAuthority()];
  const directory = mkdtempSync(join(tmpdir(), 'guard-'));
  const caFile = join(directory, 'ca.pem');
  writeFileSync(caFile, own.certificate);
  const servers = {
    right: await RecordingServer.start({ certificate: own.issueServerCertificate() }),
    foreign: await RecordingServer.start({ certificate: foreign.issueServerCertificate() }),
    'no TLS': await RecordingServer.start(),
    'asks at once': await RecordingServer.start({ asksAtOnce: true }),
    socket: await RecordingServer.start({ path: join(directory, '.s.PGSQL.5432') }),
  };
  return {
    servers,
    ca: own.certificate,
    caFile,
    directory,
    port: (server) => (server === 'socket' ? 5432 : servers[server].port),
    stop: async () => {
      await Promise.all(Object.values(servers).map((server) => server.stop()));
      rmSync(directory, { recursive: true });
    },
  };
}

/** Runs something with other environment variables: those that the modules see, and those that Node itself does. */
export async function withEnvironment<T>(
  variables: Readonly<Record<string, string>>,
  run: () => Promise<T>,
): Promise<T> {
  const real = runInThisContext('process.env') as NodeJS.ProcessEnv;
  const environments = [process.env, real];
  const before = environments.map((env) => Object.keys(variables).map((name) => [name, env[name]] as const));
  for (const env of environments) Object.assign(env, variables);
  try {
    return await run();
  } finally {
    environments.forEach((env, n) => {
      for (const [name, value] of before[n] ?? []) {
        if (value === undefined) delete env[name];
        else env[name] = value;
      }
    });
  }
}
