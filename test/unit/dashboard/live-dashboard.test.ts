import { describe, expect, it } from '@jest/globals';
import type { LoginEvent } from 'nestjs-entra-auth';
import type { DashboardExtension, DashboardState } from 'nestjs-entra-auth/dashboard';
import { Subject } from 'rxjs';

import { ExtensionView } from '../../../lib/dashboard/extension-view.js';
import { LiveDashboard } from '../../../lib/dashboard/live-dashboard.js';
import { createEngine } from '../../support/engine.js';

const hour = 3_600_000;

class Stream {
  readonly states: DashboardState[] = [];
  ended = false;
  readonly #closed: (() => void)[] = [];

  write(chunk: string, written: () => void): void {
    const [, data] = /^data: (.*)$/m.exec(chunk) ?? [];
    if (data !== undefined) this.states.push(JSON.parse(data) as DashboardState);
    written();
  }

  end(): void {
    this.ended = true;
    for (const closed of this.#closed.splice(0)) closed();
  }

  destroy(): void {
    this.end();
  }

  once(_: string, listener: () => void): void {
    this.#closed.push(listener);
  }
}

function boot(extension: DashboardExtension = {}, maxWatchers = 10) {
  const { engine, service, credential, clock } = createEngine();
  const logins = new Subject<LoginEvent>();
  const logged: string[] = [];
  const write = (line: string): void => void logged.push(line);
  const logger = { debug: write, log: write, warn: write, error: write };
  const live = new LiveDashboard(
    {
      events: engine.events,
      state: () => engine.state(),
      logins,
      clock,
      extension: new ExtensionView(extension, clock, logger),
    },
    { title: 'Test', instance: 'host:1', maxWatchers },
  );
  const watch = (): Stream => {
    const stream = new Stream();
    live.watch(stream);
    return stream;
  };
  return { live, watch, engine, service, credential, clock, logins, logged };
}

describe('a live dashboard', () => {
  it('shows the way of a token from fresh to degraded to expired and back', async () => {
    const { live, service, credential, clock } = boot();
    const seen = (): unknown => live.state().resources[0]?.state;
    expect(seen()).toBe('pending');
    await service.getToken('graph');
    expect(seen()).toBe('fresh');
    credential.fail();
    await clock.advance(hour * 0.75);
    expect(live.state().resources[0]).toMatchObject({
      state: 'degraded',
      consecutiveFailures: expect.any(Number) as unknown,
      lastError: expect.stringContaining('ECONNREFUSED') as unknown,
    });
    await clock.advance(hour);
    expect(seen()).toBe('expired');
    credential.recover();
    await clock.advance(hour / 2);
    expect(live.state().resources[0]).toMatchObject({ state: 'fresh', consecutiveFailures: 0 });
    expect(live.state().events.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['recovered', 'expired']),
    );
  });

  it('tells its watchers every second', async () => {
    const { watch, clock } = boot();
    const stream = watch();
    await clock.advance(5_000);
    expect(stream.states).toHaveLength(6);
  });

  it('tells of a token event within a quarter of a second', async () => {
    const { watch, service, clock } = boot();
    const stream = watch();
    await clock.advance(1_100);
    await service.getToken('graph');
    await clock.advance(250);
    expect(stream.states.at(-1)?.resources[0]?.state).toBe('fresh');
  });

  it('does nothing while no page is open', async () => {
    const { live, service, clock } = boot();
    await service.getToken('graph');
    const timersOfTheEngine = clock.pendingTimers;
    live.refreshSoon();
    expect(clock.pendingTimers).toBe(timersOfTheEngine);
  });

  it('takes no more watchers than it may, and none after its end', () => {
    const { live, watch } = boot({}, 1);
    const stream = watch();
    expect(live.acceptsWatchers).toBe(false);
    stream.end();
    expect(live.acceptsWatchers).toBe(true);
    live.close();
    expect(live.acceptsWatchers).toBe(false);
  });

  it('ends its streams and timers', async () => {
    const { live, watch, clock } = boot();
    const stream = watch();
    live.close();
    expect(stream.ended).toBe(true);
    expect(clock.pendingTimers).toBe(0);
    await clock.advance(5_000);
    expect(stream.states).toHaveLength(1);
  });

  it('shows the configured resources first when there are too many to show', async () => {
    const { live, service } = boot();
    for (let n = 0; n < 50; n++) await service.getToken(`https://api-${n}.example/.default`);
    const { resources, moreResources } = live.state();
    expect(resources).toHaveLength(40);
    expect(resources[0]?.resource).toBe('graph');
    expect(moreResources).toBe(11);
  });

  it('holds no token', async () => {
    const { live, service } = boot();
    const { token } = await service.getToken('graph');
    expect(JSON.stringify(live.state())).not.toContain(token);
  });
});

describe('what an application adds', () => {
  const restart = { name: 'restart', label: 'Restart' };

  it('is shown as text of bounded length', () => {
    const figures = Array.from({ length: 10 }, (_, n) => ({
      label: `${n} ${'word '.repeat(500)}`,
      value: n,
    }));
    const shown = boot({ figures: () => figures }).live.state().figures;
    expect(shown).toHaveLength(6);
    expect(shown[1]?.value).toBe('1');
    for (const { label } of shown) expect(label.length).toBeLessThan(700);
  });

  it('cannot break the page, and is logged once when it throws', () => {
    const { live, logged } = boot({
      figures: () => {
        throw new Error('no figures');
      },
      actions: () => [restart],
    });
    live.state();
    expect(live.state()).toMatchObject({ figures: [], actions: [{ name: 'restart', active: false }] });
    expect(logged).toEqual(["The figures of the dashboard's extension could not be read: no figures"]);
  });

  it('has no action whose name could not be part of an address', () => {
    const actions = [{ name: '../state', label: 'Up' }, restart];
    expect(boot({ actions: () => actions }).live.state().actions).toHaveLength(1);
  });

  it('runs the actions that it has, and no other', async () => {
    const { clock, logged } = boot();
    const ran: string[] = [];
    const run = (action: string): string => {
      ran.push(action);
      return 'Restarted.';
    };
    const logger = {
      debug: () => undefined,
      log: () => undefined,
      warn: () => undefined,
      error: () => undefined,
    };
    const view = new ExtensionView({ actions: () => [restart], run }, clock, logger);
    await expect(view.run('restart')).resolves.toBe('Restarted.');
    await expect(view.run('delete')).resolves.toBeUndefined();
    expect(ran).toEqual(['restart']);
    expect(logged).toEqual([]);
  });

  it('gives up an action that does not end', async () => {
    const { clock } = boot();
    const logger = {
      debug: () => undefined,
      log: () => undefined,
      warn: () => undefined,
      error: () => undefined,
    };
    const view = new ExtensionView(
      { actions: () => [restart], run: () => new Promise(() => undefined) },
      clock,
      logger,
    );
    const running = view.run('restart');
    const refused = expect(running).rejects.toMatchObject({ code: 'ENTRA_TIMEOUT' });
    await clock.advance(30_000);
    await refused;
  });
});
