// Preloaded into a program: reports at its exit for how long it has waited since its last output, in milliseconds. Time in
// which it computes does not count, nor what a slow machine takes for that.
import { writeSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

const idleInMs = () => performance.eventLoopUtilization().idle;
let before = idleInMs();

for (const stream of [process.stdout, process.stderr]) {
  const write = stream.write.bind(stream);
  stream.write = (...given) => {
    before = idleInMs();
    return write(...given);
  };
}

process.on('exit', () => writeSync(1, `\nidle before the exit: ${Math.round(idleInMs() - before)} ms\n`));
