/** The client left in the middle of the login; no answer can reach it. */
export class ClientGoneError extends Error {
  override readonly name = 'ClientGoneError';
}
