import { inspect } from 'node:util';

import { describe, expect, it } from '@jest/globals';
import type { AccessToken, LoginEvent } from 'nestjs-entra-auth';
import type { Client } from 'pg';

import { EntraLogin } from '../../../lib/postgres/entra-login.js';
import type { PostgresLoginAttempt } from '../../../lib/postgres/explain-login-error.js';
import { resolveDataSources } from '../../support/resolve-postgres.js';
import { createEngine } from '../../support/engine.js';
import { databaseToken } from '../../support/tokens.js';

const token = databaseToken('first');

/** A login over a connection whose TLS does not matter, as far as it goes without a server. */
function setUp() {
  const engine = createEngine({ resources: { postgres: {} } });
  const { clock, credential } = engine;
  credential.answer(() => credential.issue({ token }));
  const [dataSource] = resolveDataSources({
    type: 'postgres',
    replication: {
      master: { host: 'db.example', username: 'app', database: 'app', ssl: false },
      slaves: [{ host: 'replica.example', username: 'app', database: 'app', ssl: false }],
    },
    dangerouslySendTokenWithoutVerifiedTls: true,
  }).values();
  const logins: LoginEvent[] = [];
  const onLogin = (event: () => LoginEvent) => logins.push(event());
  const login = new EntraLogin(dataSource!, { tokens: engine.engine, clock, onLogin, retryInMs: 300_000 });
  const clientOf = (host: string, user = 'app') => {
    const connectionParameters = { host, port: 5432, ssl: false };
    return { host, port: 5432, user, database: 'app', connectionParameters };
  };
  const client = clientOf('db.example');
  const { connectionParameters } = client;
  return {
    ...engine,
    login,
    logins,
    client: client as typeof client & { password?: unknown },
    begin: (): PostgresLoginAttempt => login.begin(client as unknown as Client),
    ask: async (): Promise<string> => login.password(connectionParameters),
    /** One login at a server that refuses it. */
    refusedBy: async (host: string, user?: string): Promise<Error> => {
      const refusing = clientOf(host, user);
      const attempt = login.begin(refusing as unknown as Client);
      await login.password(refusing.connectionParameters);
      const error = login.translate(Object.assign(new Error('refused'), { code: '28P01' }), attempt);
      login.end(attempt, error);
      return error;
    },
  };
}

describe('a login', () => {
  it('hides the token, even if the server repeats it', async () => {
    const { login, logins, begin, ask } = setUp();
    const attempt = begin();
    expect(await ask()).toBe(token);
    const detail = `You said "${token}".`;
    const refusal = Object.assign(new Error(`the token "${token}" has an invalid format`), {
      code: '28P01',
      detail,
    });
    const error = login.translate(refusal, attempt);
    login.end(attempt, error);
    expect(error).toHaveProperty('code', 'ENTRA_LOGIN_REFUSED');
    expect(inspect([error, logins], { depth: 9, showHidden: true })).not.toContain(token);
    expect(error.message).toContain('the token "[redacted token]" has an invalid format');
  });

  it('reports that no token was sent only if none was', async () => {
    const { login, begin, ask } = setUp();
    const attempt = begin();
    const broken = Object.assign(new Error('wrong version number'), { code: 'ERR_SSL_WRONG_VERSION_NUMBER' });
    expect(login.translate(broken, attempt)).toMatchObject({
      code: 'ENTRA_INSECURE_CONNECTION',
      message: expect.stringMatching(/No token was sent/),
    });
    await ask();
    expect(login.translate(broken, attempt)).toMatchObject({
      code: 'ENTRA_DATABASE_UNREACHABLE',
      message: expect.not.stringMatching(/No token was sent/),
    });
  });

  it('that is over gets no token any more, which the driver would keep', async () => {
    const { credential, login, client, begin, ask } = setUp();
    let arrive = (): void => undefined;
    credential.answer(
      () =>
        new Promise<AccessToken>((resolve) => {
          arrive = () => resolve(credential.issue({ token }));
        }),
    );
    const attempt = begin();
    const password = ask();
    await Promise.resolve();
    login.end(attempt, new Error('timeout expired'));
    arrive();
    await expect(password).rejects.toHaveProperty('code', 'ENTRA_TIMEOUT');
    expect(inspect(client, { showHidden: true })).not.toContain(token);
  });

  it('with a token that another login was refused for does not wait for another', async () => {
    const { clock, credential, service, begin, ask } = setUp();
    begin();
    await ask();
    credential.hang();
    service.invalidate(token);
    begin();
    expect(await ask()).toBe(token);
    const closed = service.onApplicationShutdown();
    await clock.advance(2_000);
    await closed;
  });

  it('that was refused waits for another token, and presents the old one again if none comes in time', async () => {
    const { clock, credential, login, service, begin, ask } = setUp();
    const refused = begin();
    await ask();
    login.end(refused, login.translate(Object.assign(new Error('refused'), { code: '28P01' }), refused));
    credential.hang();
    service.invalidate(token);
    begin();
    let presented: string | undefined;
    const next = ask().then((password) => (presented = password));
    await clock.advance(11_000);
    expect(presented).toBeUndefined();
    await clock.advance(1_000);
    await next;
    expect(presented).toBe(token);
    const closed = service.onApplicationShutdown();
    await clock.advance(2_000);
    await closed;
  });

  it('that is refused with every token counts neither for another server nor for another role', async () => {
    const { clock, credential, login, refusedBy } = setUp();
    credential.recover();
    const renewed = async (host: string, user?: string): Promise<boolean> => {
      const refusal = await refusedBy(host, user);
      const again = login.retryOnce(refusal, clock.now(), () => refusedBy(host, user));
      return again.then(
        () => true,
        () => false,
      );
    };
    expect(await renewed('replica.example')).toBe(true);
    expect(await renewed('replica.example')).toBe(false);
    await clock.advance(30_000);
    expect(await renewed('db.example')).toBe(true);
    await clock.advance(30_000);
    expect(await renewed('replica.example', 'reports')).toBe(true);
  });

  it('whose second try met no server has said nothing about the role', async () => {
    const { clock, credential, login, refusedBy } = setUp();
    credential.recover();
    const broken = new Error('the connection broke before the server answered');
    for (let attempt = 0; attempt < 2; attempt++) {
      const again = login.retryOnce(await refusedBy('db.example'), clock.now(), () => Promise.reject(broken));
      await expect(again).rejects.toBe(broken);
      await clock.advance(30_000);
    }
  });
});
