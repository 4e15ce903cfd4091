import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';

import { CertificateAuthority } from '../../lib/testing/certificates/certificate-authority.js';
import { LocalAmqp } from '../support/amqp/local-amqp.js';
import { repositoryRoot } from '../support/build.js';
import { EndToEnd } from '../support/e2e.js';
import { buildFixture } from '../support/fixture-program.js';
import { RunningProgram } from '../support/running-program.js';
import type { AmqpAppResult, AmqpAppSettings } from './fixtures/amqp-app.js';

const lifeInSeconds = 5;

describe(`clients of Event Hubs and Service Bus, through three lives of tokens of ${lifeInSeconds} s`, () => {
  const e2e = new EndToEnd(() => ({ tokenLifetimeInSeconds: lifeInSeconds, apis: 'any' }));
  const authority = new CertificateAuthority();
  const directory = mkdtempSync(join(tmpdir(), 'amqp-'));
  let namespace: LocalAmqp;
  let app: RunningProgram;
  let result: AmqpAppResult;
  let presented: number;
  let ranForSeconds: number;

  beforeAll(async () => {
    const { authorityHost, tenantId, client, certificateAuthority } = e2e.entra;
    const audience = /^https:\/\/(eventhubs|servicebus)\.azure\.net\/$/;
    namespace = await LocalAmqp.start({
      certificate: authority.issueServerCertificate(),
      verifyToken: (token) => {
        const { aud } = decodeJwt(token);
        if (typeof aud !== 'string' || !audience.test(aud)) throw new Error('for another resource');
        return e2e.entra.verifyToken(token, { audience: aud }).exp * 1_000;
      },
    });
    const trusted = join(directory, 'authorities.pem');
    writeFileSync(trusted, `${certificateAuthority}\n${authority.certificate}`);
    const { clientId, clientSecret } = client;
    const settings: AmqpAppSettings = {
      authorityHost,
      tenantId,
      clientId,
      clientSecret,
      port: namespace.port,
    };
    await buildFixture('docs/recipes/amqp.ts');
    app = RunningProgram.node([await buildFixture('test/e2e/fixtures/amqp-app.ts')], {
      env: { SETTINGS: JSON.stringify(settings), NODE_EXTRA_CA_CERTS: trusted },
      scan: e2e.scan,
      name: 'the application',
    });
    await app.said(/^ready$/m);
    const readyAt = performance.now();
    await sleep(3 * lifeInSeconds * 1_000);
    result = await app.ask('what came of it');
    presented = namespace.presented;
    ranForSeconds = (performance.now() - readyAt) / 1_000;
  });

  afterAll(async () => {
    await app?.[Symbol.asyncDispose]();
    await namespace?.[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true });
  });

  it('have the credential that docs/amqp.md shows', () => {
    const [page = '', recipe = ''] = ['docs/amqp.md', 'docs/recipes/amqp.ts'].map((path) =>
      readFileSync(join(repositoryRoot, path), 'utf8'),
    );
    expect(page).toContain(`\`\`\`ts\n${recipe}\`\`\`\n`);
  });

  it('lose no message and no connection', () => {
    expect(result.failures).toEqual([]);
    expect(result.sent).toBeGreaterThan(100);
    expect(namespace.messages).toBeGreaterThanOrEqual(result.sent);
    expect(namespace).toMatchObject({ refused: 0, closedForExpiry: 0 });
  });

  it('present a token once a second each, and no more often', () => {
    expect(presented).toBeGreaterThan(2 * lifeInSeconds);
    // One more when each link opens.
    expect(presented).toBeLessThanOrEqual(2 * (ranForSeconds + 3));
  });

  e2e.letsNoSecretOut();
});
