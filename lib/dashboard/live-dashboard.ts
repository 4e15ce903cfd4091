import { unref, type Clock, type TimerHandle } from '../common/clock.js';
import type { TokenEvent } from '../engine/token-event.js';
import type { TokenState } from '../engine/token-state.js';
import type { LoginEvent } from '../database/login-event.js';
import type { Observable, Subscription } from 'rxjs';
import { DashboardHistory, mostResources } from './dashboard-history.js';
import type { DashboardState } from './dashboard-state.js';
import type { ExtensionView } from './extension-view.js';
import { bounded } from './event-lines.js';
import { shownFirst, viewResource } from './view-resource.js';
import { Watchers, type EventStream } from './watchers.js';

const regularIntervalInMs = 1_000;
const shortestIntervalInMs = 250;
/** Of the time that passes, the share that making messages may take: one in fifty. */
const restPerWork = 50;

/** Where the page gets what it shows. */
export interface DashboardSources {
  events: Observable<TokenEvent>;
  state: () => readonly TokenState[];
  logins: Observable<LoginEvent>;
  clock: Clock;
  extension: ExtensionView;
}

/** Keeps what the page shows, and tells its watchers about once a second. */
export class LiveDashboard {
  readonly #history = new DashboardHistory();
  readonly #sources: DashboardSources;
  readonly #identity: { title: string; instance: string };
  readonly #watchers: Watchers;
  readonly #subscriptions: Subscription[];
  #timer: TimerHandle;
  #sentAt = -Infinity;
  #tookInMs = 0;
  #isClosed = false;

  constructor(
    sources: DashboardSources,
    { title, instance, maxWatchers }: { title: string; instance: string; maxWatchers: number },
  ) {
    this.#sources = sources;
    this.#identity = { title: bounded(title), instance };
    this.#watchers = new Watchers(maxWatchers, sources.clock);
    // The tokens that were obtained before anything could be recorded.
    this.state();
    this.#subscriptions = [
      sources.events.subscribe((event) => {
        this.#history.recordToken(event);
        this.refreshSoon();
      }),
      sources.logins.subscribe((event) => this.#history.recordLogin(event)),
    ];
  }

  /** All that the page shows at this moment. */
  state(): DashboardState {
    const { clock, extension } = this.#sources;
    const now = new Date(clock.now());
    const states = this.#sources.state();
    const shown = shownFirst(states, mostResources);
    return {
      ...this.#identity,
      at: now.toISOString(),
      resources: shown.map((state) => viewResource(state, this.#history.track(state))),
      moreResources: states.length - shown.length,
      logins: this.#history.logins(now),
      events: this.#history.lines,
      figures: extension.figures(),
      actions: extension.actions(),
    };
  }

  /** Whether another watcher can be taken. */
  get acceptsWatchers(): boolean {
    return !this.#isClosed && !this.#watchers.isFull;
  }

  /** Sends the state to a stream from now on. */
  watch(stream: EventStream): void {
    this.#watchers.add(stream, this.#message());
    this.#schedule(regularIntervalInMs);
  }

  /** Tells the watchers before their next turn. */
  refreshSoon(): void {
    if (this.#watchers.size > 0) this.#schedule(shortestIntervalInMs);
  }

  /** Ends every stream and timer. */
  close(): void {
    this.#isClosed = true;
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    this.#sources.clock.clearTimeout(this.#timer);
    this.#watchers.close();
  }

  #schedule(intervalInMs: number): void {
    const { clock } = this.#sources;
    clock.clearTimeout(this.#timer);
    const restInMs = Math.max(intervalInMs, this.#tookInMs * restPerWork);
    const delayInMs = Math.min(Math.max(0, this.#sentAt + restInMs - clock.now()), restInMs);
    this.#timer = clock.setTimeout(() => this.#tell(), delayInMs);
    unref(this.#timer);
  }

  #tell(): void {
    if (this.#isClosed || this.#watchers.size === 0) return;
    this.#watchers.send(this.#message());
    this.#schedule(regularIntervalInMs);
  }

  #message(): string {
    const startedAt = performance.now();
    const message = JSON.stringify(this.state());
    this.#tookInMs = performance.now() - startedAt;
    this.#sentAt = this.#sources.clock.now();
    return message;
  }
}
