import { expect, it } from '@jest/globals';
import fc from 'fast-check';

import { outcomeHistories } from './model/outcome-steps.js';
import { OutcomeHistory } from './model/outcome-history.js';

const seed = Number(process.env['MODEL_SEED'] ?? 1);
const numRuns = Number(process.env['MODEL_RUNS'] ?? 1_000);

it('keeps every promise of the state after any history of outcomes', () => {
  let applied = 0;
  fc.assert(
    fc.property(outcomeHistories, (steps) => {
      const history = new OutcomeHistory();
      for (const step of steps) history.happen(step);
      applied += history.length;
    }),
    { seed, numRuns },
  );
  expect(applied).toBeGreaterThan(numRuns);
});
