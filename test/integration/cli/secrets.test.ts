import { randomBytes } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';

import { runProgram } from '../../../lib/cli/program.js';
import { FakeTerminal } from './fake-terminal.js';

const secrets = {
  'client secret': 'Abc8Q~dEfGhIjKlMnOpQrStUvWxYz0123456789x',
  jwt: 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJzb21lb25lIn0.c2lnbmF0dXJl',
  key: 'q83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4k=',
  'refresh token': `1.AX0A${'aB3_-'.repeat(60)}`,
};

const options = [
  '--store',
  '--data-source',
  '--name',
  '--scope',
  '--endpoint',
  '--cloud',
  '--authority-host',
];
const others = ['--ca-file', '--timeout', '--refresh-token', '--client-secret', '--json', '--spa', '--help'];

function commandLines(secret: string): string[][] {
  const commands = [['token'], ['login'], ['store', 'put'], ['store', 'show'], ['store', 'rotate-key']];
  const inOptions = [...options, ...others].flatMap((option) => [[`${option}=${secret}`], [option, secret]]);
  return [
    ...[[secret], ['store', secret], ['help', secret], [`--${secret}`], [`-${secret}`]],
    ...commands.flatMap((command) => [
      [...command, secret],
      [...command, `--${secret}`],
      ...inOptions.map((option) => [...command, ...option]),
    ]),
  ];
}

async function said(args: string[], env: Record<string, string> = {}): Promise<string> {
  const terminal = new FakeTerminal(env);
  await runProgram(args, terminal);
  return terminal.stdout + terminal.stderr;
}

describe('no message of the command has anything of a secret', () => {
  it.each(Object.entries(secrets))('%s, in every position and option', async (_, secret) => {
    // The last part has nothing to send, and so reaches no server.
    const env = { AZURE_CLIENT_ID: 'the-client' };
    for (const args of commandLines(secret)) {
      const text = await said(args, env);
      expect({ args, shows: text.includes(secret) || text.includes(secret.slice(0, 30)) }).toEqual({
        args,
        shows: false,
      });
    }
  });

  it.each(['AZURE_TENANT_ID', 'AZURE_CLIENT_ID', 'AZURE_CLIENT_SECRET', 'AZURE_AUTHORITY_HOST'])(
    'in %s',
    async (name) => {
      for (const secret of Object.values(secrets)) {
        const env = {
          AZURE_TENANT_ID: 't',
          AZURE_CLIENT_ID: 'c',
          AZURE_CLIENT_SECRET: 's',
          AZURE_REFRESH_TOKEN: 'r',
        };
        const text = await said(['token', '--authority-host', 'https://localhost:1'], {
          ...env,
          [name]: secret,
        });
        expect(text).not.toContain(secret.slice(0, 30));
      }
    },
  );

  const key = (): string => randomBytes(32).toString('base64');
  it.each([
    ['without an id', (it: string) => it],
    ['without an id and padding', (it: string) => it.slice(0, -1)],
    ['in place of its id', (it: string) => `${it}=2026`],
    ['with a colon', (it: string) => `2026:${it}`],
    ['half', (it: string) => `2026=${it.slice(0, 30)}`],
    ['as hexadecimal', (it: string) => Buffer.from(it, 'base64').toString('hex')],
    ['as hexadecimal with an id', (it: string) => `a=${Buffer.from(it, 'base64').toString('hex')}`],
    ['second', (it: string) => `2026=${key()},${it}`],
    ['twice', (it: string) => `2026=${it},2026=${it}`],
  ])('of a key that is given %s', async (_, form) => {
    const secret = key();
    const text = await said(['store', 'show', '--store', '/nowhere/x'], {
      ENTRA_AUTH_STORE_KEYS: form(secret),
    });
    expect(text).toMatch(/ENTRA_AUTH_STORE_KEYS.*entry \d/s);
    for (const part of [secret, Buffer.from(secret, 'base64').toString('hex')]) {
      expect(text).not.toContain(part.slice(0, 12));
    }
  });

  it('and still tells what is wrong', async () => {
    expect(await said(['token', '--refesh-token=abc'])).toMatch(/unknown option --refesh-token\n/);
    expect(await said(['token', '--stor', 'x'])).toMatch(/unknown option --stor \(Did you mean --store\?\)/);
    expect(await said(['token', '--timeout', 'abc'])).toMatch(
      /'--timeout <seconds>' is invalid. Give seconds/,
    );
    expect(await said(['tokn'])).toMatch(/unknown command/);
    expect(await said(['token', 'abc'])).toMatch(/too many arguments/);
    expect(await said(['token', '--store'])).toMatch(/'--store <file>' argument missing/);
  });
});
