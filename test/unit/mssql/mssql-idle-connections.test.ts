import { EventEmitter } from 'node:events';

import { describe, expect, it } from '@jest/globals';

import { deferred } from '../../../lib/common/deadline.js';
import type { TediousConnection } from '../../../lib/mssql/mssql-driver.js';
import { MsSqlIdleConnections } from '../../../lib/mssql/mssql-idle-connections.js';

class Connection extends EventEmitter implements TediousConnection {
  closed = false;

  close(): void {
    this.closed = true;
  }
}

describe('idle connections of mssql', () => {
  it('are asked once they are idle, and not when they are in use', async () => {
    const idle = new MsSqlIdleConnections();
    const [used, free] = [new Connection(), new Connection()];
    idle.add(used);
    idle.add(free);
    await idle.take(used);
    const asked: TediousConnection[] = [];
    await idle.ask((connection) => Promise.resolve(asked.push(connection))).allAnswered;
    expect(asked).toEqual([free]);
  });

  it('are given to another use only when they have answered, even with an error', async () => {
    const idle = new MsSqlIdleConnections();
    const connection = new Connection();
    idle.add(connection);
    const answer = deferred<void>();
    const check = idle.ask(() => answer.promise);
    let isTaken = false;
    const taken = idle.take(connection).then(() => (isTaken = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(isTaken).toBe(false);
    answer.reject(new Error('Invalid object name.'));
    await taken;
    await check.allAnswered;
    expect(check.closeSilent()).toBe(0);
    expect(connection.closed).toBe(false);
  });

  it('are closed when they are silent', () => {
    const idle = new MsSqlIdleConnections();
    const connections = [new Connection(), new Connection()];
    for (const connection of connections) idle.add(connection);
    const check = idle.ask(() => new Promise(() => undefined));
    expect(check.closeSilent()).toBe(2);
    expect(connections.every(({ closed }) => closed)).toBe(true);
  });

  it('are asked one question after the other', async () => {
    const idle = new MsSqlIdleConnections();
    idle.add(new Connection());
    const first = deferred<void>();
    const asked: string[] = [];
    const ask = (question: string, answer: Promise<void>) =>
      idle.ask(() => {
        asked.push(question);
        return answer;
      }).allAnswered;
    const answers = [ask('first', first.promise), ask('second', Promise.resolve())];
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked).toEqual(['first']);
    first.resolve();
    await Promise.all(answers);
    expect(asked).toEqual(['first', 'second']);
  });
});
