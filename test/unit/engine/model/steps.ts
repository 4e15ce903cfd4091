import fc from 'fast-check';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** What a credential does when it is called. */
export const behaviours = [
  'good',
  'short-lived',
  'momentary',
  'long-lived',
  'due-soon',
  'same',
  'refused',
  'throttled',
  'misconfigured',
  'hanging',
  'jwt',
  'jwt without a date',
  'jwt by the issuer’s clock',
  'jwt that ends sooner',
  'jwt that ends later',
  'opaque',
  'swallowed',
  'expired',
  'missing',
  'throwing',
] as const;

export type Behaviour = (typeof behaviours)[number];

/** One thing that happens: a call, an answer, or time. `what` is an index of `wishes`. */
export type Step =
  | { do: 'get'; what: number; callers: number; signal: boolean }
  | { do: 'challenge'; what: number; claims: string; signal: boolean }
  | { do: 'refresh' }
  | { do: 'look' }
  | { do: 'abort' }
  | { do: 'reject'; howOld: number }
  | { do: 'behave'; behaviour: Behaviour }
  | { do: 'answer'; which: number; behaviour: Behaviour }
  | { do: 'chance'; value: number }
  | { do: 'wait'; inMs: number }
  | { do: 'set clock'; byInMs: number }
  | { do: 'shut down' };

const vault = 'https://vault.azure.net/.default';
const tenantId = '22222222-2222-4222-8222-222222222222';

/** What is asked for: a configured resource, scopes, a variant of them, and a resource that takes only a JWT of its own. */
export const wishes = [
  { scopes: 'graph', options: {}, name: 'graph' },
  { scopes: vault, options: {}, name: vault },
  { scopes: vault, options: { tenantId }, name: `${vault}@${tenantId}` },
  { scopes: 'postgres', options: {}, name: 'postgres' },
] as const;

const what = fc.nat(wishes.length - 1);
const behaviour = fc.constantFrom(...behaviours, 'good' as const, 'refused' as const, 'hanging' as const);
const waits = [0, 1, 300, second, 2 * second, 20 * second, minute, 5 * minute, 29 * minute, hour];
const settings = [-24 * hour, -hour, -5 * second, -500, 500, 5 * second, hour, 24 * hour];

const kind = <D extends Step['do']>(name: D): fc.Arbitrary<D> => fc.constant(name);
const signal = fc.boolean();

/** How often each thing happens. */
const steps: { weight: number; arbitrary: fc.Arbitrary<Step> }[] = [
  {
    weight: 6,
    arbitrary: fc.record({ do: kind('get'), what, callers: fc.constantFrom(1, 1, 30), signal }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: kind('challenge'),
      what,
      claims: fc.constantFrom('{"n":1}', '{}'),
      signal,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: kind('refresh') }) },
  { weight: 1, arbitrary: fc.record({ do: kind('look') }) },
  { weight: 1, arbitrary: fc.record({ do: kind('abort') }) },
  { weight: 2, arbitrary: fc.record({ do: kind('reject'), howOld: fc.nat(3) }) },
  { weight: 4, arbitrary: fc.record({ do: kind('behave'), behaviour }) },
  { weight: 2, arbitrary: fc.record({ do: kind('answer'), which: fc.nat(3), behaviour }) },
  { weight: 1, arbitrary: fc.record({ do: kind('chance'), value: fc.constantFrom(0.1, 0.5, 0.9) }) },
  { weight: 6, arbitrary: fc.record({ do: kind('wait'), inMs: fc.constantFrom(...waits) }) },
  { weight: 1, arbitrary: fc.record({ do: kind('set clock'), byInMs: fc.constantFrom(...settings) }) },
  { weight: 1, arbitrary: fc.record({ do: kind('shut down') }) },
];

/** A history, of moderate length, in which every kind of fault meets every other. */
export const histories: fc.Arbitrary<Step[]> = fc.array(fc.oneof(...steps), {
  minLength: 5,
  maxLength: 60,
  size: 'max',
});
