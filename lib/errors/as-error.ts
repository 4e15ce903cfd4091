/** What was thrown, as an `Error`: JavaScript lets anything be thrown. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error
    ? thrown
    : new Error(typeof thrown === 'string' ? thrown : 'Something was thrown that is no Error.');
}
