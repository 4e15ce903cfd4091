import type { DashboardState, ResourceView } from '../dashboard-state.js';
import { Actions } from './actions.js';
import { base, Connection, runAction, type ConnectionState } from './connection.js';
import { byId, PartList, setData, setText } from './dom.js';
import { EventList } from './event-list.js';
import { Figures } from './figures.js';
import { timeOfDay } from './format.js';
import { LoginChart } from './login-chart.js';
import { stateName, TokenCard } from './token-card.js';

const tickInMs = 250;

/** What the clock of the application is ahead of the time that this page has been open. */
let ahead = Date.now() - performance.now();
const now = (): number => performance.now() + ahead;

const figures = new Figures(byId('figures'));
const logins = new LoginChart(byId('logins'));
const events = new EventList(byId('events'));
const actions = new Actions(runAction);
let cards = 0;
const tokens = new PartList<ResourceView, TokenCard>(
  byId('tokens'),
  ({ resource }) => resource,
  () => new TokenCard(`token-${++cards}`, now),
);
let latest: DashboardState | undefined;

function show(state: DashboardState): void {
  ahead = Date.parse(state.at) - performance.now();
  announce(latest, state);
  latest = state;
  document.title = state.title;
  setText(byId('title'), state.title);
  setText(byId('instance'), state.instance);
  tokens.update(state.resources);
  const more = byId('more');
  more.hidden = state.moreResources === 0;
  setText(more, `${state.moreResources} more tokens, asked for by scopes, are not shown.`);
  events.update(state.events);
  actions.update(state.actions);
  tick();
}

function tick(): void {
  if (latest === undefined) return;
  for (const card of tokens.parts.values()) card.tick();
  figures.update(latest, now());
  logins.update(latest.logins, now());
}

/** Tells a screen reader of what changed, and nothing of what only runs down. */
function announce(before: DashboardState | undefined, after: DashboardState): void {
  const known = new Map(before?.resources.map(({ resource, state }) => [resource, state]));
  const quiet = new Set(['fresh', 'due']);
  const changed = after.resources.filter(({ resource, state }) => {
    const earlier = known.get(resource);
    return earlier !== undefined && earlier !== state && !(quiet.has(earlier) && quiet.has(state));
  });
  const news = changed.map(({ resource, state }) => `${resource} is ${stateName(state)}.`).join(' ');
  if (news !== '') setText(byId('news'), news);
}

function showConnection(connection: ConnectionState): void {
  const shown = byId('connection');
  if (shown.dataset['state'] === connection) return;
  setData(shown, 'state', connection);
  setData(document.body, 'connection', connection);
  const lost = `No connection since ${timeOfDay(new Date())}; trying again`;
  setText(shown, connection === 'live' ? 'Live' : connection === 'lost' ? lost : 'Connecting');
}

byId('json').setAttribute('href', `${base}/state`);
new Connection({ onState: show, onConnection: showConnection });
setInterval(tick, tickInMs);
