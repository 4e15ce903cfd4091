/** Runs Jest again and again in one process, which spares its start: one run for each message. */
import { setEnvironmentData } from 'node:worker_threads';

import { runCLI } from 'jest';

const send = (message) => process.send(message);

process.on('message', ({ directory, files, live, single }) => {
  setEnvironmentData('mutation', { live: new Set(live), single, send });
  process.env['MUTANT_TESTS'] = files.join(':');
  const options = {
    $0: 'jest',
    _: files,
    config: `${directory}/test/mutation/jest.config.mjs`,
    runTestsByPath: true,
    runInBand: true,
    bail: single === undefined ? 0 : 1,
    ci: true,
  };
  runCLI(options, [directory]).then(
    ({ results }) => send({ kind: 'end', failed: !results.success }),
    (error) => send({ kind: 'end', failed: true, error: String(error) }),
  );
});
