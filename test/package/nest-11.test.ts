import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { Consumer } from './consumer.js';

describe('a CommonJS application on Nest 11', () => {
  let app: Consumer;

  beforeAll(async () => {
    app = await Consumer.installed('nest-11');
  }, 180_000);

  afterAll(() => app?.[Symbol.asyncDispose]());

  it('compiles to CommonJS, boots and ends', async () => {
    const options = { module: 'commonjs', moduleResolution: 'bundler', noEmit: false, outDir: 'compiled' };

    await expect(app.compile(['main.ts'], options)).resolves.toMatchObject({ exitCode: 0, stdout: '' });
    await expect(app.outputOf('compiled/main.js')).resolves.toEqual({
      token: 'token-for-https://graph.microsoft.com/.default',
      timers: ['entra-token-refresh:graph'],
    });
  }, 120_000);

  it('can be tested with jest as it comes', async () => {
    const { exitCode, stderr } = await app.runJest();

    expect(stderr).toContain('Tests:       5 passed, 5 total');
    expect(exitCode).toBe(0);
  }, 120_000);
});
