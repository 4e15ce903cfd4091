import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startLocalEntra, type LocalEntra } from 'nestjs-entra-auth/testing';

import { Consumer } from '../package/consumer.js';
import { repositoryRoot } from '../support/build.js';
import { describeWithRedis } from '../support/redis/local-redis.js';
import { RunningProgram } from '../support/running-program.js';
import { SecretScan } from '../support/secret-scan.js';

interface Outcome {
  output: RegExp;
  env?: () => Record<string, string>;
  /** Whether a person enters the code that the command prints. */
  signsIn?: boolean;
}

/** The commands of this package that a page has its reader type. */
async function commandsOf(page: string): Promise<string[]> {
  const text = await readFile(join(repositoryRoot, page), 'utf8');
  const blocks = [...text.matchAll(/^```(?:sh|bash)\n(.*?)^```$/gms)].map(([, block = '']) => block);
  return blocks.flatMap((block) =>
    block.split('\n').filter((line) => line.includes('npx nestjs-entra-auth')),
  );
}

const names = ['README.md', ...(await readdir(join(repositoryRoot, 'docs'))).map((name) => `docs/${name}`)];
const pages = names.filter((name) => name.endsWith('.md'));
const lines = [...new Set((await Promise.all(pages.map(commandsOf))).flat())];

describeWithRedis('the commands of the pages, as they are typed into a shell', () => {
  let entra: LocalEntra;
  let project: Consumer;
  let bin: string;
  const scan = new SecretScan();
  const [oldKey, newKey] = [1, 2].map(() => randomBytes(32).toString('base64'));
  const refreshToken = (spa = false) => ({ AZURE_REFRESH_TOKEN: entra.refreshTokens.issue({ spa }) });
  const keys = () => ({
    NEW_REFRESH_TOKEN: entra.refreshTokens.issue(),
    ENTRA_AUTH_STORE_KEYS: `2026=${oldKey}`,
    OLD_KEY: oldKey ?? '',
    NEW_KEY: newKey ?? '',
  });

  const npx = 'npx nestjs-entra-auth';
  /** What each line does. The lines follow each other, as on the page. */
  const outcomes: Record<string, Outcome> = {
    [`${npx} doctor`]: { output: /^ok {4}token /m },
    [`${npx} doctor --host notes.postgres.database.azure.com --database notes --username notes-app`]: {
      output: /^ok {4}login /m,
    },
    [`${npx} doctor --data-source dist/data-source.js --json`]: { output: /"status": "ok",\s+"findings"/ },
    [`${npx} doctor --redis cache.westeurope.redis.azure.net:10000`]: { output: /^ok {4}redis /m },
    [`${npx} login --store refresh-token.json`]: {
      signsIn: true,
      output: /^Signed in\. The refresh token is in /m,
    },
    [`${npx} login --data-source dist/data-source.js --scope https://graph.microsoft.com/Mail.Read`]: {
      signsIn: true,
      output: /^Signed in\. The refresh token is in /m,
    },
    [`${npx} login --store /var/lib/my-app/refresh-token.json`]: {
      signsIn: true,
      output: /^Signed in\. The refresh token is in /m,
    },
    [`${npx} token`]: { env: refreshToken, output: /Bearer/ },
    [`${npx} token --json --show-tokens --scope https://graph.microsoft.com/User.Read`]: {
      env: refreshToken,
      output: /"accessToken":"ey/,
    },
    [`${npx} token --store refresh-token.json`]: { env: refreshToken, output: /Bearer/ },
    [`${npx} token --spa`]: { env: () => refreshToken(true), output: /Bearer/ },
    [`printenv NEW_REFRESH_TOKEN | ${npx} store put --store refresh-token.json`]: { env: keys, output: /./ },
    [`${npx} store show --store refresh-token.json`]: { env: keys, output: /2026/ },
    [`ENTRA_AUTH_STORE_KEYS="2027=$NEW_KEY,2026=$OLD_KEY" ${npx} store rotate-key --store refresh-token.json`]:
      { env: keys, output: /^Encrypted refresh-token\.json anew\./ },
  };

  beforeAll(async () => {
    entra = await startLocalEntra({ postgres: { rights: 'migrations' }, redis: true });
    project = await Consumer.withEverything('refresh-token-store');
    const { directory } = project;
    await mkdir(join(directory, 'dist'));
    await rename(join(directory, 'data-source.mjs'), join(directory, 'dist/data-source.js'));
    bin = join(directory, 'bin');
    await mkdir(bin);
    const command = join(directory, 'node_modules/nestjs-entra-auth/dist/esm/cli/main.js');
    await writeFile(join(bin, 'npx'), `#!/bin/sh\nshift\nexec '${process.execPath}' '${command}' "$@"\n`);
    await chmod(join(bin, 'npx'), 0o755);
  });

  afterAll(async () => {
    await project?.[Symbol.asyncDispose]();
    await entra?.stop();
  });

  /** The line with the servers and files of this machine. */
  function here(line: string): string {
    const { postgres, redis } = entra;
    return line
      .replace('--host notes.postgres.database.azure.com', `--host ${postgres.host} --port ${postgres.port}`)
      .replace('--database notes', `--database ${postgres.database}`)
      .replace('cache.westeurope.redis.azure.net:10000', `${redis.host}:${redis.port}`)
      .replace('/var/lib/my-app', join(project.directory, 'dist'))
      .replace(/ doctor\b/, ` doctor --ca-file ${entra.certificateAuthorityFile}`);
  }

  it('are all of those below', () => {
    expect([...lines].sort()).toEqual(Object.keys(outcomes).sort());
  });

  it.each(lines)('%s', async (line) => {
    const { output, env, signsIn } = outcomes[line] ?? { output: /^$/ };
    if (line.startsWith('printenv')) await rm(join(project.directory, 'refresh-token.json'), { force: true });
    await using program = new RunningProgram('bash', ['-euo', 'pipefail', '-c', here(line)], {
      cwd: project.directory,
      env: {
        ...entra.environment('client-secret'),
        CA_FILE: entra.certificateAuthorityFile,
        MIGRATE: 'yes',
        PATH: [bin, process.env['PATH']].join(delimiter),
        ...env?.(),
      },
      ...(line.includes('--show-tokens') ? {} : { scan, name: line }),
    });
    if (signsIn) entra.signIns.enterCode(await program.said(/\b([A-Z0-9]{9})\b/));
    const { code } = await program.end(undefined, 60_000);
    expect([program.output, code]).toEqual([expect.stringMatching(output), 0]);
  });

  it('show no secret', () => {
    scan.protect({
      'client secret': entra.client.clientSecret,
      'old key': oldKey ?? '',
      'new key': newKey ?? '',
    });
    expect(scan.length).toBeGreaterThan(500);
    expect(scan.leaks()).toEqual([]);
  });
});
