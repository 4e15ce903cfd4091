import { drawLineChart, palette, type Panel, type Series } from '../report/line-chart.js';
import { percent, table } from '../report/markdown.js';
import { identities, type Identity } from './identity.js';
import type { OutageBucket, StrategySummary } from './outage-summary.js';
import type { Logins } from './simulate-outage.js';
import { strategies } from './strategy.js';

/** Where one bucket of the plot ends and the next begins, as shares of a token's life. */
export const bucketBounds = Array.from({ length: 13 }, (_, index) => index / 20);

const rows: readonly [from: number, to: number][] = [
  [0, 0.05],
  [0.05, 0.15],
  [0.15, 0.3],
  [0.3, 0.45],
  [0.45, 0.6],
];

const looks: Record<string, Pick<Series, 'name' | 'colour' | 'dashes'>> = {
  module: { name: 'this module, credential: { kind }', colour: palette.blue, dashes: 'none' },
  'module-factory': { name: 'this module, credential: () => …', colour: palette.sky, dashes: '1 5' },
  'per-connection': {
    name: 'credential.getToken() per connection',
    colour: palette.vermilion,
    dashes: 'none',
  },
  'bearer-token-provider': { name: 'getBearerTokenProvider', colour: palette.purple, dashes: '8 4' },
  interval: { name: 'setInterval of 55 minutes', colour: palette.grey, dashes: '2 3' },
};

/** How many logins of this module failed in outages that it should survive. */
export function failuresBelowGoal({ buckets }: StrategySummary, { survivesInLives }: Identity): number {
  return buckets
    .filter(({ to }) => to <= survivesInLives + 1e-9)
    .reduce((failed, { logins }) => failed + logins.failed, 0);
}

export function drawOutages(summaries: readonly StrategySummary[]): string {
  const goals = identities
    .map(({ title, survivesInLives }) => `${percent(survivesInLives)} (${title.toLowerCase()})`)
    .join(', ');
  return drawLineChart({
    title: 'Logins that fail when Entra is down',
    subtitle:
      'Real credentials of @azure/identity on a simulated endpoint; outages of any kind, at any moment.',
    description:
      'Line charts of the share of logins that fail against the length of the outage, one for each kind of tokens. With this ' +
      `module none fails in outages below these shares of a token's life: ${goals}. A credential that is asked on each ` +
      'connection loses logins from the first minutes, and so does getBearerTokenProvider with short tokens; a timer of ' +
      '55 minutes loses short tokens without any outage.',
    panels: identities.map((identity) => panelOf(identity, summaries)),
  });
}

export function outageTables(summaries: readonly StrategySummary[]): string {
  return identities.map((identity) => tableOf(identity, summaries)).join('\n\n');
}

function panelOf(identity: Identity, summaries: readonly StrategySummary[]): Panel {
  const shares = summaries.flatMap(({ buckets }) => buckets.map(({ logins }) => shareOf(logins)));
  const tenths = Math.max(1, Math.ceil(10 * Math.max(...shares)));
  return {
    title: identity.title,
    x: {
      label:
        'length of the outage, as a share of the token’s life (below: its duration for a life of average length)',
      min: 0,
      max: 0.6,
      ticks: Array.from({ length: 7 }, (_, index) => ({
        at: index / 10,
        label: `${index * 10} %\n${duration((index / 10) * identity.averageLifeInMs)}`,
      })),
    },
    y: {
      label: 'share of logins that fail',
      min: 0,
      max: tenths / 10,
      ticks: Array.from({ length: tenths + 1 }, (_, index) => ({
        at: index / 10,
        label: percent(index / 10),
      })),
    },
    marks: [
      { at: identity.survivesInLives, label: `goal: none before ${percent(identity.survivesInLives)}` },
    ],
    series: of(identity, summaries).map(({ strategy, buckets }) => ({
      ...(looks[strategy] ?? { name: strategy, colour: palette.grey, dashes: 'none' }),
      points: buckets
        .filter(({ logins }) => logins.tried > 0)
        .map(({ from, to, logins }): [number, number] => [(from + to) / 2, shareOf(logins)]),
    })),
  };
}

function tableOf(identity: Identity, summaries: readonly StrategySummary[]): string {
  const found = of(identity, summaries);
  const titles = found.map(
    ({ strategy }) => strategies.find(({ name }) => name === strategy)?.title ?? strategy,
  );
  const lines = rows.map(([from, to]) => {
    const span = `${percent(from)}–${percent(to)}`;
    const times = `${duration(from * identity.averageLifeInMs)}–${duration(to * identity.averageLifeInMs)}`;
    const merged = found.map(({ buckets }) => merge(buckets, from, to));
    return [
      `${span} (${times})`,
      String(merged[0]?.outages ?? 0),
      ...merged.map(({ logins, outages, outagesWithFailures }) =>
        logins.failed === 0 ? '0' : `${percent(shareOf(logins))} (${percent(outagesWithFailures / outages)})`,
      ),
    ];
  });
  return [
    `### ${identity.title}`,
    '',
    table(
      ['length of the outage', 'outages, about', ...titles],
      [
        ['none, before it', '', ...found.map(({ before }) => percent(shareOf(before)))],
        ...lines,
        [
          'shortest outage with a failed login',
          '',
          ...found.map(({ shortestWithFailure: shortest }) =>
            shortest === null ? 'none' : percent(shortest),
          ),
        ],
        [
          'token requests per outage',
          '',
          ...found.map(({ requestsPerOutage }) => requestsPerOutage.toFixed(0)),
        ],
        [
          'unhandled rejections, in all',
          '',
          ...found.map(({ unhandledRejections }) => String(unhandledRejections)),
        ],
      ],
    ),
  ].join('\n');
}

function of({ name }: Identity, summaries: readonly StrategySummary[]): StrategySummary[] {
  return summaries.filter(({ identity }) => identity === name);
}

function shareOf({ failed, tried }: Logins): number {
  return tried === 0 ? 0 : failed / tried;
}

function merge(buckets: readonly OutageBucket[], from: number, to: number): OutageBucket {
  const inside = buckets.filter((bucket) => bucket.from >= from - 1e-9 && bucket.to <= to + 1e-9);
  const total = (pick: (bucket: OutageBucket) => number): number =>
    inside.reduce((sum, bucket) => sum + pick(bucket), 0);
  return {
    from,
    to,
    outages: total(({ outages }) => outages),
    outagesWithFailures: total(({ outagesWithFailures }) => outagesWithFailures),
    logins: { tried: total(({ logins }) => logins.tried), failed: total(({ logins }) => logins.failed) },
  };
}

function duration(inMs: number): string {
  const minutes = inMs / 60_000;
  return minutes < 120 ? `${Number(minutes.toFixed(0))} min` : `${Number((minutes / 60).toFixed(1))} h`;
}
