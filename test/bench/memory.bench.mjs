import { instantCredential, resources, startApplication } from './application.mjs';
import { atMost } from './report.mjs';

const count = 10_000;

/** What a resource costs beyond its token, timer included. */
export async function run() {
  // Fills what is allocated once, whatever the number of resources.
  const warm = await startApplication({ credential: instantCredential, resources: resources(100) });
  await warm.close();
  // The options belong to the application.
  const options = resources(count);
  const empty = heapUsed();
  const tokens = new Map();
  for (const name of Object.keys(options)) tokens.set(name, await instantCredential.getToken());
  const tokensOnly = heapUsed() - empty;
  const before = heapUsed();
  const ours = await startApplication({ credential: instantCredential, resources: options });
  const all = heapUsed() - before;
  await ours.close();
  tokens.clear();
  return [atMost('memory/bytes-per-resource', 'bytes', (all - tokensOnly) / count, 1024)];
}

function heapUsed() {
  for (let round = 0; round < 4; round++) globalThis.gc();
  return process.memoryUsage().heapUsed;
}
