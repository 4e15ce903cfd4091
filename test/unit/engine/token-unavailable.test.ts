import { describe, expect, it } from '@jest/globals';
import { TokenUnavailableError } from 'nestjs-entra-auth';

import { problemOf } from '../../../lib/common/entra-auth.error.js';

const details = { problem: 'It is busy.', fix: 'Wait.', retryable: true };

describe('the message of TokenUnavailableError', () => {
  it.each<[string, object, string]>([
    ['nothing of an answer that is not known', {}, 'It is busy. Wait.'],
    ['the status', { statusCode: 503 }, 'It is busy (HTTP status 503). Wait.'],
    [
      'the status and Retry-After',
      { statusCode: 429, retryAfterInMs: 30_000 },
      'It is busy (HTTP status 429, Retry-After 30 s). Wait.',
    ],
    [
      'the status once',
      { statusCode: 503, problem: 'Refused (status 503).', retryAfterInMs: 1_000 },
      'Refused (status 503) (Retry-After 1 s). Wait.',
    ],
    [
      'a remedy on a line of its own behind a list',
      { problem: 'None gave a token:\n- Azure CLI: busy\n', statusCode: 503 },
      'None gave a token:\n- Azure CLI: busy (HTTP status 503).\n Wait.',
    ],
  ])('has %s', (_, answer, end) => {
    const error = new TokenUnavailableError('graph', { ...details, ...answer });
    const { message } = error;
    expect(problemOf(error)).toBe(message.slice(0, -' Wait.'.length));
    expect(message).toBe(`No access token could be obtained for the resource "graph": ${end}`);
  });
});
