// Reads the results of the test runner, in JSON: those of the whole run, and those of a second run of some files.
// `again RESULTS` prints the files that are worth a second run; `summary STATUS RESULTS SECOND` prints what passed and
// what failed, STATUS being the exit code of the last run.
import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';

const mostAgain = 3;
const [verb, ...args] = process.argv.slice(2);

function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).testResults;
  } catch (error) {
    process.stderr.write(`Failed: npm test left no results (${error.message}).\n`);
    return process.exit(1);
  }
}

const print = (line) => process.stdout.write(`${line}\n`);
const pathOf = ({ name }) => relative(process.cwd(), name);
const isFailed = ({ status }) => status !== 'passed';

/** A unit test has an injected clock and no server beside it: its failure is never one of a busy machine. */
function again(results) {
  const failed = results.filter(isFailed).map(pathOf);
  if (failed.length > mostAgain || failed.some((path) => path.startsWith('test/unit/'))) return;
  for (const path of failed) print(path);
}

function summary(status, first, second) {
  const repeated = new Map(second.map((result) => [pathOf(result), result]));
  for (const { fullName } of first.filter((each) => repeated.has(pathOf(each))).flatMap(failedTests)) {
    print(`Failed at first, and was run again alone: ${fullName}`);
  }
  const last = first.map((result) => repeated.get(pathOf(result)) ?? result);
  const count = (...statuses) =>
    last.flatMap(({ assertionResults }) => assertionResults).filter((each) => statuses.includes(each.status))
      .length;
  // A file that could not be run counts too, or its tests would silently be missing.
  const broken = last.filter((each) => isFailed(each) && failedTests(each).length === 0).length;
  const [passed, failed] = [count('passed'), count('failed') + broken];
  const skipped = count('pending', 'skipped', 'todo', 'disabled');
  if (skipped > 0)
    print(`Failed: ${skipped} skipped. The lines "Skipped:" above name the package that each needs.`);
  print(`${passed} passed, ${failed} failed`);
  process.exitCode = status === '0' && failed === 0 && skipped === 0 && passed > 0 ? 0 : 1;
}

function failedTests({ assertionResults }) {
  return assertionResults.filter(({ status }) => status === 'failed');
}

if (verb === 'again') again(read(args[0]));
else summary(args[0], read(args[1]), existsSync(args[2]) ? read(args[2]) : []);
