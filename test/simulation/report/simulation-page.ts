import type { BootedTogether } from '../fleet/booted-together.js';
import { fleetTables } from '../fleet/fleet-report.js';
import type { FleetResults } from '../fleet/scenarios.js';
import type { Goal } from '../goals.js';
import { outageTables } from '../outage/outage-report.js';
import type { StrategySummary } from '../outage/outage-summary.js';
import { rounded, table } from './markdown.js';

export interface SimulationResults {
  seed: number;
  outages: number;
  summaries: readonly StrategySummary[];
  fleet: FleetResults | undefined;
  goals: readonly Goal[];
}

/** The page of the documentation. */
export function simulationPage({ seed, outages, summaries, fleet, goals }: SimulationResults): string {
  const sections = [
    introduction(outages, seed),
    table(
      ['goal', 'result', 'at most', 'met'],
      goals.map(({ name, value, most, met }) => [
        name,
        rounded(value, most === 0 ? 0 : 2),
        String(most),
        met ? 'yes' : 'no',
      ]),
    ),
    aboutOutages,
    outageTables(summaries),
    ...(fleet === undefined ? [] : [aboutFleet(fleet), fleetTables(fleet)]),
  ];
  return `${sections.join('\n\n')}\n`;
}

export const introduction = (outages: number, seed: number): string => `# Simulation

What happens to an application while Entra is down, and to Entra when a whole fleet asks for tokens. This page and its
pictures are the output of

\`\`\`sh
npm run simulate -- --write-docs
\`\`\`

which takes ten minutes on two cores and gives the same every time: ${outages.toLocaleString('en')} outages, seed ${seed}. \`--outages 300 --replicas 0\` gives a
smaller picture, \`--seed 2\` another one, \`--json\` the numbers. In the goals, \`module\` is \`credential: { kind }\`, \`module-factory\`
is \`credential: () => …\`, and the platform of \`managed-identity-late\` renews at 80 % of a token's life.`;

export const aboutOutages = `## Outages

![Logins that fail against the length of the outage](outage.svg)

Each application boots, lives for a while, meets one outage and, all the time, logs in at random: 70 times in a token's
life on average. A login fails when it has no token within 15 s, or one that has expired at that moment. The outage begins
at any moment; during it the endpoint hangs, answers 500, answers 429 with a \`Retry-After\` of 5 s to 10 min, or refuses
connections. Logins are counted from the beginning of the outage until five minutes after its end.

The credentials are the real \`ClientSecretCredential\` and \`ManagedIdentityCredential\` of \`@azure/identity\`, with their
caches, retries and throttles; only their HTTP client is replaced by an endpoint in memory. The clock of the process is
replaced too, so that \`@azure/identity\`, MSAL and this module run in the same simulated time. Tokens of the client secret
live for 60–90 minutes, drawn for each as Entra does; those of the managed identity for 24 hours. To be fair to the others,
requests that hang are cut off when the outage ends.

The platform of managed identities holds their tokens: all who ask get the same one until it renews it, and the first one of
an application may be hours old. Azure does not document when it renews. Two platforms are simulated by the rule of
\`nestjs-entra-auth/testing\`: one renews at half of a token's life, which is the default there, and one at 80 %. What a platform
leaves of a life is the reserve against an outage of its endpoint, less the half hour (2 % of a day) within which this module notices
a renewal. That holds for \`credential: { kind }\`: a \`ManagedIdentityCredential\` has a cache of its own in between, and leaves less
where the platform renews late.

Cells show the share of logins that failed and, in parentheses, the share of outages in which at least one did.
With the tokens of managed identity, a timer of 55 minutes loses hardly more than this module. A provider whose token is due
asks every three seconds, and a failed refresh of it can end the process as an unhandled rejection.`;

export const aboutFleet = ({ replicas, bootedTogether, outages: [established] }: FleetResults): string => {
  const [, spread, one] = bootedTogether;
  const percentage = (fleets: BootedTogether | undefined): string =>
    `${rounded(100 * (fleets?.exceedsByChance ?? NaN), 0)} %`;
  const perSecond =
    established === undefined ? '' : rounded(established.recovery.requests / established.steady, 1);
  const before =
    established === undefined ? '' : rounded(established.ordinary.requests / established.steady, 1);
  return `## Fleets

![Requests of a fleet against time](fleet.svg)

${replicas.toLocaleString('en')} replicas, each with a token service of its own for two resources, as the sample application has them, on one
simulated clock. Unless stated otherwise, their tokens all live exactly one hour: nothing but the module drives the
replicas apart. "Booted within ten seconds" is what a restart of everything does; "long established" is a fleet whose
refreshes have no common rhythm any more.

- **Spread.** A replica's refreshes are moved forward at random by up to 5 % of a life, so those that booted together
  drift apart. Arrivals that have nothing to do with each other still meet. "By chance alone" are the same requests, each
  at any second of its minute: a process that does not know of the others can do no better. The busiest second of a fleet is
  ${rounded(spread?.peakToMinute ?? NaN, 2)} times as busy as its minute, and by chance alone it would be ${rounded(spread?.byChance ?? NaN, 2)} times. Some fleets exceed 1.5, as ${percentage(spread)} of
  the draws of chance do; of those whose replicas hold one token instead of two, ${percentage(one)} would. Of half as many
  requests, a single second shows less.
- **Recovery.** The steady rate is the mean of the hour before the outage; the goal is about minutes. While a token is
  held, a failed refresh is tried again at once, and then after 60–100 % of what is left until its last three minutes. So
  retries are as rare as refreshes, and most come when those that the outage prevented would have had their successors. For
  comparison: the same fleet with backoff alone, which tries every 15 s on average. In single seconds the goal is out of
  reach for any design: the busiest second of the calm hour before the outage has ${before} times the steady rate already, the
  busiest after it ${perSecond} times, as by chance alone. A fleet that booted together has no steady rate: it asks in
  bursts, before the outage more than after it.
- **The price of safety.** In the last three minutes of a token, retries come within 30 s of each other, since logins are
  about to fail. The outage of 27 minutes, 45 % of the life, reaches that phase.`;
};
