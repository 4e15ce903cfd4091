import fc from 'fast-check';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** One outcome, or time. */
export type OutcomeStep =
  | { do: 'new'; lifeInMs: number; refreshAfterInMs: number | undefined }
  | { do: 'same'; challenged: boolean }
  | { do: 'fail'; why: FailureKind; challenged: boolean }
  | { do: 'reject' }
  | { do: 'wait'; inMs: number }
  | { do: 'wait until due' }
  | { do: 'set clock'; byInMs: number };

export const failureKinds = ['network', 'throttled', 'misconfigured', 'sign in', 'not an error'] as const;
export type FailureKind = (typeof failureKinds)[number];

const kind = <D extends OutcomeStep['do']>(name: D): fc.Arbitrary<D> => fc.constant(name);
const lives = [800, 20 * second, 5 * minute, hour, 24 * hour];
const waits = [1, 300, 2 * second, 20 * second, 5 * minute, 29 * minute, hour, 24 * hour];
const settings = [-24 * hour, -hour, -5 * second, -500, 500, hour, 24 * hour];

const steps: { weight: number; arbitrary: fc.Arbitrary<OutcomeStep> }[] = [
  {
    weight: 4,
    arbitrary: fc.record({
      do: kind('new'),
      lifeInMs: fc.constantFrom(...lives),
      refreshAfterInMs: fc.constantFrom(undefined, minute, 20 * minute),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: kind('same'), challenged: fc.boolean() }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: kind('fail'),
      why: fc.constantFrom(...failureKinds),
      challenged: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: kind('reject') }) },
  { weight: 4, arbitrary: fc.record({ do: kind('wait'), inMs: fc.constantFrom(...waits) }) },
  { weight: 4, arbitrary: fc.record({ do: kind('wait until due') }) },
  { weight: 1, arbitrary: fc.record({ do: kind('set clock'), byInMs: fc.constantFrom(...settings) }) },
];

/** A history of outcomes, of moderate length. */
export const outcomeHistories: fc.Arbitrary<OutcomeStep[]> = fc.array(fc.oneof(...steps), {
  minLength: 3,
  maxLength: 40,
  size: 'max',
});
