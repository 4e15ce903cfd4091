import { EventEmitter } from 'node:events';
import { Socket } from 'node:net';

import { expect, it } from '@jest/globals';
import { ManualClock } from 'nestjs-entra-auth/testing';

import type { MySqlLogin, Opening } from '../../../lib/mysql/mysql-login.js';
import { MySqlSingleLogin } from '../../../lib/mysql/mysql-single-login.js';

/** A connection whose login has an outcome of the test's, and the options that it was made with. */
function setUp(username?: string) {
  const socket = new Socket();
  const made: object[] = [];
  let finish: (error: Error | null) => void = () => undefined;
  const connection = Object.assign(new EventEmitter(), {
    connect: (callback: typeof finish) => void (finish = callback),
    query: (_: string, callback: (error: Error | null) => void) => callback(null),
    end: () => undefined,
    stream: new Socket(),
  });
  const login = {
    connectionOptions: {},
    dataSource: { primary: { host: 'db.example', port: 3306, username }, connectTimeoutInMs: 5 },
    now: () => 0,
    open: (opening: Opening, run: () => unknown) => {
      Object.assign(opening, { socket });
      return run();
    },
    end: (_: Opening, error: Error | null) =>
      error === null ? undefined : new Error(`Explained: ${error.message}`),
    retryOnce: (refusal: Error) => Promise.reject(refusal),
  };
  const createConnection = (options: object) => {
    made.push(options);
    return connection;
  };
  const single = new MySqlSingleLogin(
    login as unknown as MySqlLogin,
    createConnection as never,
    new ManualClock(),
  );
  return { single, socket, connection, made, finish: (error: Error | null) => finish(error) };
}

it('closes the socket of a login that has no connection yet', () => {
  const { single, socket, connection, finish } = setUp();
  const asked = single.query('select 1');
  single.close();
  expect([socket.destroyed, connection.stream.destroyed]).toEqual([true, true]);
  finish(new Error('closed'));
  return expect(asked).rejects.toThrow('Explained: closed');
});

it.each([
  [undefined, false],
  ['app', true],
])('logs in as %p', async (username, isNamed) => {
  const { single, made, finish } = setUp(username);
  const asked = single.query('select 1');
  finish(null);
  await asked;
  expect(made).toEqual([expect.objectContaining({ host: 'db.example', connectTimeout: 5 })]);
  expect('user' in made[0]!).toBe(isNamed);
});
