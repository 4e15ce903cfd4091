import { Logger } from '@nestjs/common';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { filter, firstValueFrom, map, Subject } from 'rxjs';
import type { TokenEvent } from 'nestjs-entra-auth';

import { GuardedLogger } from '../../../lib/common/guarded-logger.js';
import { GuardedObservable } from '../../../lib/common/guarded-observable.js';
import { logTokenEvents } from '../../../lib/nest/token-event.logger.js';
import { createEngine } from '../../support/engine.js';
import { whatEndsTheProcess } from '../../support/what-ends-the-process.js';

function fail(): never {
  throw new Error('password=hunter2');
}

function setUp() {
  const lines: string[] = [];
  const error = (line: string): void => void lines.push(line);
  const logger = { debug: error, log: error, warn: error, error };
  const subject = new Subject<number>();
  const events = new GuardedObservable<number>(subject, new GuardedLogger(logger));
  return { lines, subject, events };
}

afterEach(() => void jest.restoreAllMocks());

describe('a listener', () => {
  it.each<[string, (events: GuardedObservable<number>) => void]>([
    ['throws', (events) => events.subscribe(fail)],
    ['rejects', (events) => events.subscribe(() => Promise.reject(new Error('password=hunter2')) as never)],
    ['throws in an observer', (events) => events.subscribe({ next: fail })],
    ['throws behind an operator', (events) => events.pipe(filter(() => true)).subscribe(fail)],
    [
      'throws behind two',
      (events) =>
        events
          .pipe(filter(() => true))
          .pipe(map((n: number) => n + 1))
          .subscribe(fail),
    ],
    ['throws in an operator', (events) => events.pipe(map(fail)).subscribe(() => undefined)],
    ['throws on an error', (events) => events.pipe(map(fail)).subscribe({ error: fail })],
    ['throws on an error, in the old form', (events) => events.pipe(map(fail)).subscribe(undefined, fail)],
  ])('that %s ends nothing, and is written down without secrets', async (_, listen) => {
    const { lines, subject, events } = setUp();
    const seen: number[] = [];
    const ends = await whatEndsTheProcess(() => {
      listen(events);
      events.subscribe((value) => seen.push(value));
      subject.next(1);
      subject.next(2);
    });
    expect([ends, seen]).toEqual([[], [1, 2]]);
    expect(lines[0]).toMatch(/^A listener to the events of EntraAuth threw: password=\[redacted\]/);
  });

  it('that throws at the end ends nothing', async () => {
    const { lines, subject, events } = setUp();
    const ends = await whatEndsTheProcess(() => {
      events.subscribe({ complete: fail });
      subject.complete();
    });
    expect([ends, lines.length]).toEqual([[], 1]);
  });

  it('that stops behind operators is let go of', async () => {
    const { subject, events } = setUp();
    const first = firstValueFrom(events.pipe(filter((n) => n > 1)).pipe(map((n) => n * 2)));
    subject.next(1);
    expect(subject.observed).toBe(true);
    subject.next(2);
    expect(await first).toBe(4);
    expect(subject.observed).toBe(false);
  });

  it('hears what it asked for, and can stop', async () => {
    const { subject, events } = setUp();
    const seen: unknown[] = [];
    const complete = jest.fn();
    const subscription = events.pipe(map((n) => n * 2)).subscribe((value) => seen.push(value));
    events.subscribe(undefined, undefined, complete);
    const first = firstValueFrom(events);
    subject.next(1);
    subscription.unsubscribe();
    subject.next(2);
    subject.complete();
    expect(await first).toBe(1);
    expect(seen).toEqual([2]);
    expect(complete).toHaveBeenCalledTimes(1);
  });

  it('of the engine that throws, and a logger that throws, do not end the refreshing', async () => {
    jest.spyOn(Logger.prototype, 'error').mockImplementation(fail);
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const { service, clock, events } = createEngine();
    service.events.subscribe(fail);
    const logger = { debug: fail, log: fail, warn: fail, error: fail };
    logTokenEvents(service.events, logger);
    const ends = await whatEndsTheProcess(async () => {
      await service.getToken('graph');
      await clock.advance(40 * 60_000);
    });
    expect(ends).toEqual([]);
    expect(events.map(({ type }: TokenEvent) => type)).toEqual(['acquired', 'refreshed']);
    expect(warn).toHaveBeenCalledTimes(1);
  });
});
