/** Runs Jest again and again in one process, which spares its start: one run for each message. */
import { runCLI } from 'jest';

process.on('message', ({ directory, mutant, hits, tests, bail }) => {
  process.env['MUTANT'] = mutant === undefined ? '' : String(mutant);
  process.env['MUTANT_HITS'] = hits ?? '';
  process.env['MUTANT_TESTS'] = tests.join(':');
  const options = {
    $0: 'jest',
    _: tests,
    config: `${directory}/test/mutation/jest.config.mjs`,
    runTestsByPath: true,
    runInBand: true,
    bail: bail ? 1 : 0,
    ci: true,
  };
  runCLI(options, [directory]).then(
    ({ results }) => {
      const files = results.testResults.map(
        ({ testFilePath, numFailingTests, perfStats, failureMessage }) => ({
          file: testFilePath,
          failed: numFailingTests > 0 || Boolean(failureMessage),
          millis: perfStats.end - perfStats.start,
        }),
      );
      process.send({ failed: !results.success, files });
    },
    (error) => process.send({ failed: true, files: [], error: String(error) }),
  );
});
