/**
 * Dates of every certificate. They live as long as one test run, but the clock of a test may stand anywhere, while TLS
 * goes by the machine's.
 */
export const validity = {
  notBefore: new Date('2000-01-01T00:00:00Z'),
  notAfter: new Date('2099-12-31T00:00:00Z'),
};
