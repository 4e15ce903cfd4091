import { describe, expect, it } from '@jest/globals';
import { EntraOptionsError } from 'nestjs-entra-auth';
import { entraOauthBearer, type EntraOauthBearerOptions } from 'nestjs-entra-auth/kafka';

import { KafkaLogins } from '../../../lib/kafka/kafka-logins.js';
import { createEngine } from '../../support/engine.js';
import { jwt } from '../../support/tokens.js';

const scopes = ['https://notes.servicebus.windows.net/.default'];
const engine = () => createEngine({ resources: { eventhubs: { scopes } } });

describe('entraOauthBearer', () => {
  const fix = 'Leave it out, or give "ca" for a private certificate authority.';
  it.each<[string, object, string]>([
    [
      'client',
      { client: 'kafka' },
      `Invalid option "client": "kafka". Write 'kafkajs', 'confluent' or 'platformatic'.`,
    ],
    ['client', { client: 7 }, `Invalid option "client": 7. Write 'kafkajs', 'confluent' or 'platformatic'.`],
    ['ssl', { ssl: null }, `Invalid option "ssl": null. ${fix}`],
    ['ssl', { ssl: false }, `Invalid option "ssl": false. ${fix}`],
    ['ssl', { client: 'platformatic', ssl: false }, `Invalid option "ssl": false. ${fix}`],
    [
      'ssl.rejectUnauthorized',
      { ssl: { rejectUnauthorized: false } },
      `Invalid option "ssl.rejectUnauthorized": false. ${fix}`,
    ],
    [
      'ssl.checkServerIdentity',
      { client: 'platformatic', ssl: { checkServerIdentity: () => undefined } },
      `Invalid option "ssl.checkServerIdentity": given. ${fix}`,
    ],
    [
      'ssl.servername',
      { ssl: { servername: 'other.example.com' } },
      `Invalid option "ssl.servername": given. ${fix}`,
    ],
    [
      'ssl',
      { client: 'confluent', ssl: { ca: 'PEM' } },
      'Invalid option "ssl": an object. Give "ssl.ca.location" to the client instead.',
    ],
  ])('refuses a bad option "%s" at once, and tells what to write: %j', (option, options, message) => {
    const { service } = engine();
    const create = () => entraOauthBearer(service, options);

    expect(create).toThrow(EntraOptionsError);
    expect(create).toThrow(expect.objectContaining({ option, message }));
  });

  it.each(['kafkajs', 'confluent', 'platformatic'] as const)(
    'refuses a resource that is not configured for %s, and names those that are',
    (client) => {
      const { service } = createEngine({ resources: { graph: {}, hubs: { scopes } } });

      expect(() => entraOauthBearer(service, { client } as EntraOauthBearerOptions<'kafkajs'>)).toThrow(
        expect.objectContaining({
          code: 'ENTRA_RESOURCE_UNKNOWN',
          message:
            'Unknown resource "eventhubs" (configured: "graph", "hubs"). Add it to the module\'s "resources", ' +
            'or pass scopes such as "https://graph.microsoft.com/.default".',
        }),
      );
      expect(() => entraOauthBearer(service, { resource: 'hubs' })).not.toThrow();
    },
  );

  it.each<[string, unknown, string]>([
    ['ssl', null, `Invalid option "ssl": null. ${fix}`],
    ['ssl', undefined, `Invalid option "ssl": missing. ${fix}`],
    [
      'ssl.rejectUnauthorized',
      { rejectUnauthorized: false },
      `Invalid option "ssl.rejectUnauthorized": false. ${fix}`,
    ],
    [
      'ssl.checkServerIdentity',
      { checkServerIdentity: () => undefined },
      `Invalid option "ssl.checkServerIdentity": given. ${fix}`,
    ],
  ])('opens no connection for kafkajs when the client was given another "%s": %j', (option, ssl, message) => {
    const { socketFactory } = entraOauthBearer(engine().service);
    const destination = { host: 'localhost', port: 1, ssl: ssl as object, onConnect: () => undefined };

    expect(() => socketFactory(destination)).toThrow(expect.objectContaining({ option, message }));
  });
});

describe('KafkaLogins', () => {
  it('marks its error as kafkajs retries it, and leaves out the cause, where kafkajs would look first', async () => {
    const { service, credential } = engine();
    const cause = Object.assign(new Error('refused'), { retriable: false });
    credential.answer(() => Promise.reject(cause));
    const error = await new KafkaLogins(service, 'eventhubs').current().catch((reason: unknown) => reason);

    expect(error).toMatchObject({
      code: 'ENTRA_TOKEN_UNAVAILABLE',
      retriable: true,
      retryable: true,
      message: expect.stringContaining('refused') as unknown,
    });
    expect(error).not.toHaveProperty('cause');
  });

  it.each([
    ['the "oid" of a token', jwt({ oid: 'the-oid' }), 'the-oid'],
    ['nothing for an opaque token', 'opaque', ''],
  ])('names as principal %s', async (_, token, principal) => {
    const { service, credential } = engine();
    credential.answer(() => credential.issue({ token }));

    await expect(new KafkaLogins(service, 'eventhubs').current()).resolves.toMatchObject({
      value: token,
      principal,
    });
  });
});
