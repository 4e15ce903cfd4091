import Sequencer from '@jest/test-sequencer';

/**
 * About how many seconds the longest files take on two cores. Those that wait for real time go beside others that
 * compute; those that keep every core busy with compiling go last, when nothing is left that measures time.
 */
const waiting = {
  'e2e/soak': 70,
  'e2e/main-job': 70,
  'e2e/redis-endurance': 175,
  'integration/redis/ioredis': 35,
  'integration/redis/cluster': 15,
  'integration/redis/microservice': 12,
  'integration/redis/node-redis': 20,
  'integration/redis/bullmq': 20,
  'e2e/refresh-token-shutdown': 15,
  'integration/faults/stopped-process': 12,
  'integration/redis/cache': 10,
  'e2e/command-page': 25,
  'e2e/shutdown': 10,
};
const computing = {
  'e2e/refresh-token-kills': 130,
  'e2e/login-endurance': 100,
  'e2e/refresh-token-replicas': 100,
  'e2e/sample-app': 80,
  'integration/faults/assertions': 60,
  'e2e/migration-cli': 60,
  'integration/testing/postgres-life': 50,
  'e2e/refresh-token-stores': 40,
  'integration/faults/client-secret': 35,
  'e2e/refresh-token-store-failures': 35,
  'integration/postgres/login-storm': 30,
  'integration/drivers/postgres': 30,
  'integration/simulation/outage': 25,
  'integration/simulation/fleet': 25,
  'e2e/command': 25,
  'integration/faults/imds-after-own': 20,
  'integration/faults/app-service': 20,
  'integration/faults/default-credential': 20,
  'integration/faults/imds': 15,
  'integration/refresh-token/oidc-provider': 15,
  'integration/testing/local-entra-life': 15,
  'integration/store/file-store': 15,
  'integration/testing/postgres-session': 15,
  'integration/store/in-place': 15,
  'e2e/bad-input': 15,
  'unit/engine/engine.model': 10,
  'unit/refresh-token/hostile-bodies': 10,
};
const compiling = {
  'package/types': 50,
  'package/nest-11': 45,
  'package/site': 45,
  'package/readme': 35,
  'package/reference': 20,
  'package/quick-start': 15,
  'package/minimal-app': 20,
};
const ordinary = 2;

/** Plans which worker takes which file when. */
export default class OrderSequencer extends Sequencer {
  #workers;

  constructor(options) {
    super(options);
    this.#workers = options.globalConfig.maxWorkers;
  }

  sort(tests) {
    const files = super.sort(tests).map((test) => ({ test, ...judge(test.path.replaceAll('\\', '/')) }));
    files.sort((one, other) => other.seconds - one.seconds);
    const of = (kind) => files.filter((file) => file.kind === kind);
    const [waits, computes] = [of('waiting'), of('computing')];
    const planned = [];
    const freeAt = Array(this.#workers).fill(0);
    let waitsUntil = 0;
    while (waits.length + computes.length > 0) {
      const now = Math.min(...freeAt);
      const isWait = computes.length === 0 || (waits.length > 0 && waitsUntil <= now);
      const file = isWait ? waits.shift() : computes.shift();
      const end = now + file.seconds;
      if (isWait) waitsUntil = end;
      freeAt[freeAt.indexOf(now)] = end;
      planned.push(file);
    }
    return [...planned, ...of('compiling')].map(({ test }) => test);
  }
}

function judge(path) {
  const name = /\/test\/(.*)\.test\.ts$/.exec(path)?.[1] ?? path;
  if (name in waiting) return { kind: 'waiting', seconds: waiting[name] };
  if (name.startsWith('package/')) return { kind: 'compiling', seconds: compiling[name] ?? ordinary };
  return { kind: 'computing', seconds: computing[name] ?? ordinary };
}
