import { drawLineChart, palette, type Axis, type Panel, type Series } from '../report/line-chart.js';
import { rounded, table } from '../report/markdown.js';
import type { RequestRate } from './request-rate.js';
import type { BootedTogether, FleetResults, OutageOfFleet } from './scenarios.js';

/** The busiest second may be this much busier than its minute, after three lifetimes. */
export const goalOfSpread = 1.5;

/** The busiest second after an outage may be this much busier than the busiest before it. */
export const goalOfRecovery = 2;

const life = 3_600;

export function drawFleet({ replicas, bootedTogether, outages }: FleetResults): string {
  const [unspread, spread] = bootedTogether;
  const [established, establishedByBackoff, together, togetherByBackoff] = outages;
  const panels = [
    fleetPanel('Booted within ten seconds: the fourth lifetime', [3 * life, 4 * life], 3 * life, [
      [unspread, 'without jitter'],
      [spread, 'as it is'],
    ]),
    fleetPanel('Long established: an outage of 20 minutes', [2.7 * life, 4.3 * life], 3 * life, [
      [establishedByBackoff, 'backoff alone, up to 30 s'],
      [established, 'as it is'],
    ]),
    fleetPanel(
      'Booted within ten seconds: the same when most refreshes are due',
      [2.7 * life, 4.3 * life],
      3 * life,
      [
        [togetherByBackoff, 'backoff alone, up to 30 s'],
        [together, 'as it is'],
      ],
    ),
  ];
  return drawLineChart({
    title: `What ${replicas.toLocaleString('en')} replicas ask of Entra`,
    subtitle: 'Requests for tokens in the busiest second of each minute; tokens of one hour; logarithmic.',
    description:
      'Three line charts of requests per second over time. Without jitter a fleet that booted together asks together ' +
      'for ever; with it the requests drift apart. After an outage the requests stay near their ordinary rate, ' +
      'where backoff alone makes hundreds per second.',
    panels,
  });
}

export function fleetTables({ bootedTogether, outages }: FleetResults): string {
  return [
    '### Booted within ten seconds, after three lifetimes',
    '',
    table(
      [
        'fleet',
        'requests in the busiest second',
        'mean of its minute',
        'ratio (goal: ≤ 1.5)',
        'the same for ten seconds',
      ],
      bootedTogether.map(({ title, peak, peakToMinute, tenSecondsToMinute }) => [
        title,
        String(peak.requests),
        rounded(peak.meanOfMinute, 1),
        rounded(peakToMinute, 2),
        rounded(tenSecondsToMinute, 2),
      ]),
    ),
    '',
    '### An outage',
    '',
    table(
      [
        'fleet and outage',
        'mean per second, ordinarily',
        'busiest second, ordinarily',
        'during the outage',
        'after it',
        'after : ordinarily (goal: ≤ 2)',
        'mean of the busiest minute after it',
      ],
      outages.map(
        ({ title, ordinaryMean, ordinary, duringOutage, recovery, recoveryToOrdinary, ...more }) => [
          title,
          rounded(ordinaryMean, 1),
          String(ordinary.requests),
          String(duringOutage.requests),
          String(recovery.requests),
          rounded(recoveryToOrdinary, 2),
          rounded(more.busiestMinuteAfter, 1),
        ],
      ),
    ),
  ].join('\n');
}

type Shown = BootedTogether | OutageOfFleet | undefined;

function fleetPanel(
  title: string,
  [from, to]: [number, number],
  zero: number,
  lines: readonly [Shown, string][],
): Panel {
  const minutes = (second: number): number => (second - zero) / 60;
  const shown = lines.flatMap(([result, name]) => (result === undefined ? [] : [{ result, name }]));
  const outage = shown.map(({ result }) => result).find((result) => 'fromSecond' in result);
  return {
    title,
    x: {
      label: 'minutes since the end of the third lifetime',
      min: minutes(from),
      max: minutes(to),
      ticks: ticksOf(minutes(from), minutes(to)),
    },
    y: requestsPerSecond,
    series: shown.map(({ result, name }, index) => ({
      name,
      colour: index === 0 ? palette.vermilion : palette.blue,
      dashes: index === 0 ? '6 3' : 'none',
      points: busiestOfMinutes(result.rate, from, to).map(([second, count]) => [minutes(second), count]),
    })),
    bands:
      outage === undefined
        ? []
        : [{ from: minutes(outage.fromSecond), to: minutes(outage.toSecond), label: 'Entra is down' }],
  };
}

// Half a request stands for none, which a logarithm cannot show.
const none = 0.5;

const requestsPerSecond: Axis = {
  label: 'requests per second',
  scale: 'logarithmic',
  min: none,
  max: 2_000,
  ticks: [
    { at: none, label: '0' },
    ...[1, 10, 100, 1_000].map((at) => ({ at, label: at.toLocaleString('en') })),
  ],
};

function ticksOf(from: number, to: number): Axis['ticks'] {
  const first = Math.ceil(from / 10) * 10;
  return Array.from({ length: Math.floor((to - first) / 10) + 1 }, (_, index) => {
    const at = first + 10 * index;
    return { at, label: String(at) };
  });
}

function busiestOfMinutes(rate: RequestRate, from: number, to: number): Series['points'] {
  const points: [number, number][] = [];
  for (let second = from; second + 60 <= to; second += 60) {
    points.push([second + 30, Math.max(none, rate.peak(second, second + 60).requests)]);
  }
  return points;
}
