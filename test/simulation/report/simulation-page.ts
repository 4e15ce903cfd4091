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

const introduction = (outages: number, seed: number): string => `# Simulation

What becomes of an application when Entra is down, and of Entra when a whole fleet asks it for tokens. This page and its
pictures are the output of

\`\`\`sh
npm run simulate -- --write-docs
\`\`\`

which takes some minutes and gives the same every time: ${outages.toLocaleString('en')} outages, seed ${seed}. \`--outages 300 --replicas 0\` gives a
smaller picture, \`--seed 2\` another one, \`--json\` the numbers.`;

const aboutOutages = `## Outages

![Logins that fail against the length of the outage](outage.svg)

Each application boots, lives for a while, meets one outage and, all the time, logs in at random: 70 times in a token's
life on average. A login fails when it has no token within 15 s, or one that has expired at that moment. The outage begins
at any moment; during it the endpoint hangs, answers 500, answers 429 with a \`Retry-After\` of 5 s to 10 min, or refuses
connections. Logins are counted from the beginning of the outage until five minutes after its end.

The credentials are the real \`ClientSecretCredential\` and \`ManagedIdentityCredential\` of \`@azure/identity\`, with their
caches, retries and throttles; only their HTTP client is replaced by an endpoint in memory. The clock of the process is
replaced too, so that \`@azure/identity\`, MSAL and this module live in the same simulated time. Tokens of the client secret
live for 60–90 minutes, drawn for each as Entra does; those of the managed identity for 24 hours, and the endpoint has a
new one for everybody who asks. To be fair to the others, requests that hang are cut off when the outage ends.

Cells show the share of logins that failed and, in parentheses, the share of outages in which at least one did.
With the tokens of managed identity, which MSAL refreshes at half of their life, the provider and the timer lose hardly
more than this module; the provider then asks every three seconds, and a failed refresh of it
can end the process as an unhandled rejection.`;

const aboutFleet = ({ replicas, outages: [established] }: FleetResults): string => {
  const more =
    established === undefined ? '' : rounded(established.busiestMinuteAfter / established.ordinaryMean, 1);
  return `## Fleets

![Requests of a fleet against time](fleet.svg)

${replicas.toLocaleString('en')} replicas, each with a token service of its own, on one simulated clock. Their tokens all live exactly one hour:
nothing but the module drives the replicas apart. "Booted within ten seconds" is what a restart of everything does; "long
established" is a fleet whose refreshes have no common rhythm any more.

- **Spread.** A replica's refreshes are moved forward at random by up to 5 % of a life, so those that booted together
  drift apart. Arrivals that have nothing to do with each other still meet: of some thirty requests a second, the busiest
  second of an hour has 45 by chance alone. Several fleets at once, or ten seconds instead of one, show what the module
  adds to chance: next to nothing.
- **Recovery.** The ordinary load is the busiest second of the hour before the outage, so that chance plays the same part
  on both sides. While a token is held, a failed refresh is tried again after 30–90 % of what is left of its life, so
  retries are nearly as rare as refreshes. For comparison: the same fleet with backoff alone, which tries every 15 s on
  average. Against the mean of the hour before, the busiest minute after the outage has ${more} times as many requests; hardly
  anything could have less, since what 20 minutes left undone must be done while the tokens live, beside what falls due
  anyway.
- **The price of safety.** In the last five minutes of a token, retries come within 30 s of each other, since logins are
  about to fail. The outage of 27 minutes, 45 % of the life, reaches that phase.`;
};
