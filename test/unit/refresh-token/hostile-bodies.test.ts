import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { describe, expect, it } from '@jest/globals';

import { parseJsonObject } from '../../../lib/common/json-object.js';
import { tokenEndpointErrorOf } from '../../../lib/entra/token-error-response.js';
import { findRefreshToken, processTokenResponse } from '../../../lib/refresh-token/process-token-response.js';

const megabyte = 1024 * 1024;
const secrets = ['the-refresh-token', 'the secret+with/signs'];

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** The memory that a call takes; the best of three. */
function bytesOf(work: () => unknown): number {
  const runs = [1, 2, 3].map(() => {
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    work();
    return process.memoryUsage().heapUsed - before;
  });
  return Math.min(...runs);
}

describe('a body that is meant to hurt takes 20 MB at the most, and tells little', () => {
  const description = (text: string) =>
    JSON.stringify({ error: 'invalid_grant', error_description: text.slice(0, megabyte - 100) });

  it.each([
    ['a description without a break', 400, description('a'.repeat(megabyte))],
    ['a description of dots', 400, description('eyJ.'.repeat(megabyte / 4))],
    ['a description of headers of tokens', 400, description('eyJ'.repeat(megabyte / 3))],
    ['a description of parameters', 400, description('password='.repeat(megabyte / 9))],
    ['a description of blanks', 400, description(' '.repeat(megabyte))],
    ['an error of a megabyte', 400, JSON.stringify({ error: 'x '.repeat(megabyte / 2 - 20) })],
    ['lists in lists', 200, '['.repeat(megabyte)],
    ['lists in lists, closed', 200, `{"a":${'['.repeat(megabyte / 2 - 10)}${']'.repeat(megabyte / 2 - 10)}}`],
    ['objects in objects', 200, '{"a":'.repeat(megabyte / 5)],
    ['a hundred thousand members', 200, `{${'"a":1,'.repeat(megabyte / 6 - 10)}"b":1}`],
    ['empty objects', 200, `{"a":[${'{},'.repeat(megabyte / 3 - 10)}{}]}`],
    ['a refresh token that does not end', 200, `{"refresh_token":"${'x'.repeat(megabyte - 100)}`],
    ['one of escapes', 200, `{"refresh_token":"${'\\"'.repeat(megabyte / 2 - 100)}`],
    ['many beginnings of one', 200, '"refresh_token" :'.repeat(megabyte / 17)],
    ['an access token of a megabyte', 200, JSON.stringify({ access_token: 'x'.repeat(megabyte - 200) })],
  ])('%s', (_, status, body) => {
    const read = (): unknown => {
      if (status !== 200) return tokenEndpointErrorOf({ status, retryAfter: undefined, body }, secrets, 0);
      findRefreshToken(body);
      try {
        return processTokenResponse(parseJsonObject(body), 0);
      } catch (error) {
        return error;
      }
    };
    expect(String(read()).length).toBeLessThan(2_000);
    expect(bytesOf(read)).toBeLessThan(20 * megabyte);
  });
});
