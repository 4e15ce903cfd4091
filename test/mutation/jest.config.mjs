import base from '../../jest.config.mjs';

/** The same tests, in an order that is given, without a word. */
export default {
  ...base,
  rootDir: '../..',
  setupFilesAfterEnv: ['<rootDir>/test/mutation/mutants.setup.mjs'],
  testSequencer: '<rootDir>/test/mutation/given-order.sequencer.mjs',
  // The machine may have better things to do.
  testTimeout: 120_000,
  reporters: [],
  verbose: false,
};
