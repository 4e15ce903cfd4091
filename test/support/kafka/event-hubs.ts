import { ManualClock, startLocalEntra } from 'nestjs-entra-auth/testing';

import { CertificateAuthority } from '../../../lib/testing/certificates/certificate-authority.js';
import { createEngine } from '../engine.js';
import { LocalKafka } from './local-kafka.js';

export const namespace = 'https://notes.servicebus.windows.net';
export const lifeInMs = 3_600_000;

/**
 * A namespace of Event Hubs, with the local Entra that issues its tokens and an engine that keeps them.
 *
 * @param host the name in the broker's certificate
 */
export async function startEventHubs(host?: string) {
  const clock = new ManualClock();
  const entra = await startLocalEntra({
    clock,
    tokenLifetimeInSeconds: lifeInMs / 1000,
    apis: [namespace, 'https://other.servicebus.windows.net'],
  });
  const authority = new CertificateAuthority();
  const broker = await LocalKafka.start({
    certificate: authority.issueServerCertificate(host),
    verifyToken: (token) => entra.verifyToken(token, { audience: namespace }),
    clock,
  });
  const resources = { eventhubs: { scopes: [`${namespace}/.default`] } };
  const { service: tokens } = createEngine({ clock, credential: entra.credential(), resources });
  const stop = async (): Promise<void> => {
    await tokens.onApplicationShutdown();
    await broker[Symbol.asyncDispose]();
    await entra.stop();
  };
  return { clock, entra, broker, tokens, ssl: { ca: authority.certificate }, stop };
}

export type EventHubs = Awaited<ReturnType<typeof startEventHubs>>;
