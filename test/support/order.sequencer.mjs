import Sequencer from '@jest/test-sequencer';

/**
 * About how many seconds the longest files take on two cores. Those that wait for real time go beside others that
 * compute; those that keep every core busy with compiling go last, when nothing is left that measures time.
 */
const waiting = {
  'e2e/redis-endurance': 120,
  'e2e/sample-redis': 80,
  'e2e/soak': 70,
  'e2e/main-job': 70,
  'e2e/redis-stopped-process': 45,
  'integration/redis/ioredis': 50,
  'integration/redis/node-redis': 40,
  'integration/redis/bullmq': 30,
  'e2e/command-page': 30,
  'e2e/refresh-token-shutdown': 25,
  'integration/redis/cluster': 25,
  'e2e/amqp': 20,
  'integration/redis/cache': 20,
  'integration/redis/microservice': 20,
  'integration/faults/stopped-process': 20,
  'e2e/shutdown': 15,
};
const computing = {
  'e2e/sign-in-kills': 90,
  'e2e/sample-app': 85,
  'e2e/refresh-token-kills': 85,
  'integration/faults/assertions': 85,
  'e2e/dashboard': 80,
  'e2e/refresh-token-replicas': 75,
  'integration/users/shared-cache-failover': 65,
  'integration/testing/postgres-life': 65,
  'e2e/login-endurance': 60,
  'e2e/refresh-token-stores': 60,
  'integration/faults/client-secret': 60,
  'integration/simulation/outage': 60,
  'e2e/migration-cli': 55,
  'e2e/shared-cache-kills': 45,
  'e2e/refresh-token-store-failures': 40,
  'e2e/command': 35,
  'integration/users/hostile-answers': 35,
  'e2e/sample-users': 30,
  'integration/faults/own-credential': 30,
  'integration/simulation/fleet': 30,
  'integration/faults/default-credential': 25,
  'integration/mysql/data-source': 20,
  'integration/faults/app-service': 20,
  'integration/faults/imds-after-own': 20,
  'integration/faults/imds': 20,
  'integration/refresh-token/oidc-provider': 20,
  'integration/store/file-store': 20,
  'integration/users/shared-cache': 15,
  'unit/users/user-cache': 15,
  'integration/inspection': 15,
  'integration/redis/gate': 15,
  'integration/store/in-place': 15,
  'integration/testing/postgres-session': 15,
  'integration/testing/local-entra-life': 10,
  'integration/drivers/postgres': 10,
  'integration/postgres/login-storm': 10,
  'e2e/bad-input': 15,
  'unit/engine/engine.model': 10,
  'unit/refresh-token/hostile-bodies': 10,
};
const compiling = {
  'package/site': 110,
  'package/types': 100,
  'package/nest-11': 90,
  'package/minimal-app': 30,
  'package/readme': 30,
  'package/quick-start': 20,
  'package/imports': 20,
  'package/release': 15,
  'package/options-once': 10,
  'package/reference': 10,
  'package/tarball': 10,
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
