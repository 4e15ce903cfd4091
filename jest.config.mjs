import { availableParallelism } from 'node:os';

/** One runner for every kind of test; a folder of `test/` is a kind. */
export default {
  rootDir: '.',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts', '.html'],
  transform: { '\\.(ts|html)$': '<rootDir>/test/support/transform.mjs' },
  moduleNameMapper: {
    '^nestjs-entra-auth$': '<rootDir>/lib/index.ts',
    '^nestjs-entra-auth/dashboard$': '<rootDir>/lib/dashboard/index.ts',
    '^nestjs-entra-auth/kafka$': '<rootDir>/lib/kafka/index.ts',
    '^nestjs-entra-auth/redis$': '<rootDir>/lib/redis/index.ts',
    '^nestjs-entra-auth/testing$': '<rootDir>/lib/testing/index.ts',
    '^nestjs-entra-auth/typeorm$': '<rootDir>/lib/store/typeorm/index.ts',
    '^nestjs-entra-auth/users$': '<rootDir>/lib/nest/users/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  testPathIgnorePatterns: ['/node_modules/', '/fixtures/'],
  modulePathIgnorePatterns: ['<rootDir>/dist'],
  testTimeout: 300_000,
  setupFiles: ['<rootDir>/test/support/error-stacks.mjs'],
  testSequencer: '<rootDir>/test/support/order.sequencer.mjs',
  // One more than there are cores: there is always a file that waits for real time.
  maxWorkers: Math.min(4, availableParallelism() + 1),
  workerIdleMemoryLimit: '512MB',
  coverageProvider: 'v8',
  collectCoverageFrom: ['lib/**/*.ts'],
};
