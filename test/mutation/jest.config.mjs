import base from '../../jest.config.mjs';

/** The same tests, in an order that is given, without a word. */
export default {
  ...base,
  rootDir: '../..',
  setupFilesAfterEnv: ['<rootDir>/test/mutation/mutants.setup.mjs'],
  testSequencer: '<rootDir>/test/mutation/given-order.sequencer.mjs',
  reporters: [],
  verbose: false,
};
