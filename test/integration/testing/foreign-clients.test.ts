import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import jwt from 'jsonwebtoken';

import { startLocalEntra, type LocalEntra } from '../../../lib/testing/index.js';
import { itWith } from '../../support/installed-server.js';
import { graph, postgres } from './local-entra.fixture.js';

const run = promisify(execFile);
const omar = { name: 'Omar Offen', userPrincipalName: 'omar@contoso.example' };

/** Programs of others, each in a process of its own that trusts the local Entra by NODE_EXTRA_CA_CERTS alone. */
describe('Clients that know nothing of the local Entra', () => {
  let entra: LocalEntra;

  beforeAll(async () => {
    entra = await startLocalEntra({
      client: { redirectUris: ['http://localhost/back'] },
      additionalClients: [{ name: 'phone', publicClient: true }],
      users: [omar],
      postgres: true,
    });
  });
  afterAll(() => entra.stop());

  const claimsOf = (token = '') => jwt.decode(token) as jwt.JwtPayload;
  const runClient = async <T>(name: string): Promise<T> => {
    const file = fileURLToPath(new URL(`./clients/${name}.mjs`, import.meta.url));
    const { clientId, clientSecret } = entra.client;
    const settings = {
      authorityHost: entra.authorityHost,
      tenantId: entra.tenantId,
      web: { clientId, clientSecret },
      device: { clientId: entra.additionalClients[0]?.clientId },
      username: omar.userPrincipalName,
      redirectUri: 'http://localhost:4321/back',
      database: postgres,
      api: `api://${clientId}`,
    };
    const { PATH } = process.env;
    const env = { PATH, NODE_EXTRA_CA_CERTS: entra.certificateAuthorityFile };
    const { stdout } = await run(process.execPath, [file, JSON.stringify(settings)], { env });
    return JSON.parse(stdout) as T;
  };

  it('@azure/msal-node gets tokens by secret, code, cache, device code and on-behalf-of', async () => {
    interface Told {
      accessToken: string;
      username?: string;
    }
    const tokens =
      await runClient<Record<'ofApplication' | 'withCode' | 'silent' | 'onBehalfOf', Told>>('msal-node');
    const username = omar.userPrincipalName;
    expect(tokens).toMatchObject({ withCode: { username }, silent: { username }, onBehalfOf: { username } });
    expect(claimsOf(tokens.ofApplication.accessToken)).toMatchObject({ aud: postgres, idtyp: 'app' });
    expect(claimsOf(tokens.withCode.accessToken)).toMatchObject({ aud: graph, upn: username });
    expect(claimsOf(tokens.silent.accessToken)).toMatchObject({ aud: postgres, upn: username });
    expect(claimsOf(tokens.onBehalfOf.accessToken)).toMatchObject({ aud: postgres, upn: username });
  });

  it('openid-client discovers, signs in, checks the ID token and asks who it is', async () => {
    const { userInfo, ...tokens } = await runClient<
      Record<'ofApplication' | 'withCode' | 'refreshed' | 'onBehalfOf', string> & { userInfo: object }
    >('openid-client');
    const upn = omar.userPrincipalName;
    expect(userInfo).toMatchObject({ name: omar.name, email: upn });
    expect(claimsOf(tokens.ofApplication)).toMatchObject({ aud: postgres, idtyp: 'app' });
    expect(claimsOf(tokens.withCode)).toMatchObject({ aud: graph, upn });
    expect(claimsOf(tokens.refreshed)).toMatchObject({ aud: postgres, upn });
    expect(claimsOf(tokens.onBehalfOf)).toMatchObject({ aud: postgres, upn });
  });

  itWith({ program: 'psql', debianPackage: 'postgresql-client' })(
    'psql logs in with a token as its password',
    async () => {
      const { host, port, database, username } = entra.postgres;
      const { token } = await entra.credential().getToken(`${postgres}/.default`);
      const connection = `host=${host} port=${port} dbname=${database} user=${username} sslmode=verify-full`;
      const ask = (password: string) =>
        run(
          'psql',
          [connection, '--no-psqlrc', '--tuples-only', '--no-align', '--command', 'SELECT current_user'],
          {
            env: {
              PATH: process.env.PATH,
              PGPASSWORD: password,
              PGSSLROOTCERT: entra.certificateAuthorityFile,
            },
          },
        );
      expect((await ask(token)).stdout.trim()).toBe(username);
      await expect(ask('secret')).rejects.toMatchObject({
        stderr: expect.stringContaining('The access token has invalid format'),
      });
    },
  );

  itWith({ program: 'curl', debianPackage: 'curl' })(
    'curl gets tokens of IMDS and of App Service, as scripts on a machine do',
    async () => {
      const curl = async (...args: string[]) =>
        JSON.parse((await run('curl', ['--silent', '--show-error', ...args])).stdout) as {
          access_token: string;
        };
      const { endpoint, header } = entra.appService;
      const ofMachine = await curl(
        ...['--header', 'Metadata: true', '--get', '--data', 'api-version=2018-02-01'],
        ...['--data-urlencode', `resource=${postgres}`, `${entra.imdsUrl}/metadata/identity/oauth2/token`],
      );
      const ofService = await curl(
        ...['--header', `X-IDENTITY-HEADER: ${header}`, '--get', '--data', 'api-version=2019-08-01'],
        ...['--data-urlencode', `resource=${postgres}`, endpoint],
      );
      for (const { access_token: token } of [ofMachine, ofService]) {
        expect(entra.verifyToken(token, { audience: postgres }).oid).toBe(entra.client.objectId);
      }
    },
  );
});
