import Sequencer from '@jest/test-sequencer';

/** The quickest test files first, in the order of `MUTANT_TESTS`. */
export default class GivenOrderSequencer extends Sequencer {
  sort(tests) {
    const order = (process.env['MUTANT_TESTS'] ?? '').split(':');
    return [...tests].sort((one, other) => order.indexOf(one.path) - order.indexOf(other.path));
  }
}
