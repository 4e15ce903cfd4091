import { beforeEach, describe, expect, it } from '@jest/globals';

import {
  InvalidClientError,
  ReauthenticationRequiredError,
} from '../../../lib/entra/token-endpoint.error.js';
import { StandingError } from '../../../lib/refresh-token/standing-error.js';

const hour = 3_600_000;
const ofClient = new InvalidClientError('The secret is wrong.', 'Correct it.', { aadsts: 7000215 });
const ofResource = new ReauthenticationRequiredError('No consent.', 'Consent.', { aadsts: 65001 });

describe('the last error that needs a repair', () => {
  let standing: StandingError;
  beforeEach(() => {
    standing = new StandingError();
  });

  it('is none at first, and after a success', () => {
    expect(standing.at(0)).toBeUndefined();
    standing.succeeded('a');
    expect(standing.at(0)).toBeUndefined();
  });

  it('about the client ends with any success, and with nothing else', () => {
    standing.failed('a', ofClient, 0);
    expect(standing.at(100 * hour)).toBe(ofClient);
    standing.succeeded('b');
    expect(standing.at(0)).toBeUndefined();
  });

  it('about a resource ends with a success of that resource, or after an hour', () => {
    standing.failed('a', ofResource, 0);
    standing.succeeded('b');
    expect(standing.at(hour)).toBe(ofResource);
    expect(standing.at(hour + 1)).toBeUndefined();
    standing.succeeded('a');
    expect(standing.at(0)).toBeUndefined();
  });
});
