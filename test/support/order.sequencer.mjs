import Sequencer from '@jest/test-sequencer';

// The longest tests spend their time waiting, so they go first and alongside tests that hardly compute. Those of the
// package keep every core busy with installing and compiling, so they go last, when nothing is left that measures time.
const order = [
  '/test/e2e/main-job.',
  '/test/e2e/soak.',
  '/test/unit/',
  '/test/integration/',
  '/test/e2e/',
  '/test/package/',
];

function rank({ path }) {
  const unified = path.replaceAll('\\', '/');
  const found = order.findIndex((part) => unified.includes(part));
  return found === -1 ? order.length : found;
}

/** Jest's own order, but by kind first. */
export default class OrderSequencer extends Sequencer {
  sort(tests) {
    return [...super.sort(tests)].sort((one, other) => rank(one) - rank(other));
  }
}
