/** Thrown anywhere in the login; what it says is sent to the client as the FATAL error that ends the connection. */
export class ConnectionRefusal extends Error {
  override readonly name = 'ConnectionRefusal';

  constructor(
    readonly sqlState: string,
    message: string,
  ) {
    super(message);
  }
}
