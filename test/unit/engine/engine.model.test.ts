import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import fc from 'fast-check';

import { History } from './model/history.js';
import { histories } from './model/steps.js';

// The same histories in every run, unless others are asked for: `MODEL_RUNS=20000 MODEL_SEED=$RANDOM npm test -- model`.
const seed = Number(process.env['MODEL_SEED'] ?? 1);
const numRuns = Number(process.env['MODEL_RUNS'] ?? 60);

beforeAll(() => void Logger.overrideLogger(false));
afterAll(() => void Logger.overrideLogger(true));

describe('whatever callers, credential and clock do, in whatever order', () => {
  it.each([
    ['with timers and a credential that can be made anew', true, true],
    ['with timers and a credential that cannot', true, false],
    ['without timers', false, true],
  ])(
    'no caller fails or waits while a token is held, every wait ends, and nothing is left: %s',
    async (_, background, renewable) => {
      const property = fc.asyncProperty(histories, (steps) => new History(background, renewable).run(steps));
      await fc.assert(property, { seed, numRuns });
    },
    600_000,
  );
});
