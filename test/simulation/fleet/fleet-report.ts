import { drawLineChart, palette, type Axis, type Panel, type Series } from '../report/line-chart.js';
import { rounded, table } from '../report/markdown.js';
import { goalOfRecovery, goalOfSpread } from './fleet-goals.js';
import type { RequestRate } from './request-rate.js';
import type { BootedTogether } from './booted-together.js';
import type { OutageOfFleet } from './outage-of-fleet.js';
import type { FleetResults } from './scenarios.js';

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
        'fleets',
        'how many',
        'requests in the busiest second',
        'mean of its minute',
        `ratio (goal: ≤ ${goalOfSpread})`,
        'least and most',
        'by chance alone',
      ],
      bootedTogether.map(({ title, fleets, requests, meanOfMinute, peakToMinute, least, most, byChance }) => [
        title,
        String(fleets),
        String(requests),
        rounded(meanOfMinute, 1),
        rounded(peakToMinute, 2),
        `${rounded(least, 2)}–${rounded(most, 2)}`,
        rounded(byChance, 2),
      ]),
    ),
    '',
    '### An outage',
    '',
    table(
      [
        'fleet and outage',
        'steady rate',
        'busiest minute after',
        `to the steady rate (goal: ≤ ${goalOfRecovery})`,
        'busiest second before',
        'during',
        'after',
        'after, by chance alone',
        'after, to the steady rate',
      ],
      outages.map(({ title, steady, ordinary, duringOutage, recovery, ...more }) => [
        title,
        rounded(steady, 1),
        rounded(more.busiestMinuteAfter, 1),
        rounded(more.busiestMinuteAfter / steady, 2),
        String(ordinary.requests),
        String(duringOutage.requests),
        String(recovery.requests),
        rounded(more.recoveryByChance, 0),
        rounded(recovery.requests / steady, 2),
      ]),
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
