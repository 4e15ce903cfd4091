/**
 * Runs in each test file. A survey runs each test once without a mutant, and again for every mutant that it then came by;
 * a run for one mutant has it on from the start, and ends with the first test that fails.
 */
import process from 'node:process';
import { getEnvironmentData } from 'node:worker_threads';

import { expect, jest } from '@jest/globals';

const { live, single, send } = getEnvironmentData('mutation');
const file = expect.getState().testPath;
const outside = new Set();
// Fake timers would stop it.
const hrtime = process.hrtime.bigint.bind(process.hrtime);
const startedAt = cpuTime();
let millisOfMutants = 0;
let runStartedAt = startedAt;
// Tests that take longer run for mutants that quicker ones did not notice, each with a run of its own.
const slowInMs = 2_000;
const again = new Error('Runs again.');
let active = single?.id;
let hits = outside;
let hasFailed = false;
const tests = new Map();

/** In milliseconds: on a busy machine the time of a clock tells little. */
function cpuTime() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

globalThis.__mutant = (id) => {
  hits.add(id);
  return id === active;
};

/** Yields the mutant that the next run of a test has on, and takes whether the run failed. */
function* runsOf(number) {
  const found = new Set();
  hits = found;
  const begunAt = hrtime();
  const failed = yield undefined;
  send({ kind: 'test', file, number, failed, hits: [...found] });
  const millis = cpuTime() - runStartedAt;
  if (failed) return;
  if (millis > slowInMs) return send({ kind: 'undecided', file, ids: [...found] });
  const timeout = 10_000 + 10 * (Number(hrtime() - begunAt) / 1e6);
  for (const id of found) {
    if (!live.has(id) || !(yield { id, timeout })) continue;
    // A failure counts when the same test passes without the mutant right after, and fails with it again.
    if (yield undefined) return send({ kind: 'undecided', file, ids: [...found] });
    if (!(yield { id, timeout })) {
      send({ kind: 'undecided', file, ids: [id] });
      continue;
    }
    live.delete(id);
    send({ kind: 'noticed', id, file, number });
  }
}

function startOf(test) {
  hits = new Set();
  if (!tests.has(test)) {
    const number = tests.size + 1;
    tests.set(test, { number, runs: runsOf(number), timeout: test.timeout });
    if (single === undefined) tests.get(test).runs.next();
    else if (hasFailed || !single.tests[file].includes(number)) test.mode = 'skip';
  }
  runStartedAt = cpuTime();
  send({ kind: 'run', file, id: active });
}

function endOf(test) {
  hits = outside;
  const failed = test.errors.length > 0;
  const { number, runs, timeout } = tests.get(test);
  if (single === undefined) {
    if (active !== undefined) millisOfMutants += cpuTime() - runStartedAt;
    const { done, value } = runs.next(failed);
    active = value?.id;
    test.timeout = value?.timeout ?? timeout;
    test.errors = done ? [] : [again];
  } else {
    if (failed && !hasFailed) send({ kind: 'noticed', id: single.id, file, number });
    hasFailed ||= failed;
  }
}

function endOfFile() {
  send({ kind: 'file', file, hits: [...outside], millis: cpuTime() - startedAt - millisOfMutants });
}

send({ kind: 'run', file, id: active });
if (single === undefined) jest.retryTimes(1_000_000, { retryImmediately: true });
// The last of the handlers sees the errors that the ones before it have added.
globalThis[Symbol.for('EVENT_HANDLERS')].push(({ name, test }) => {
  if (name === 'test_start') startOf(test);
  if (name === 'test_done') endOf(test);
  if (name === 'run_finish') endOfFile();
});
