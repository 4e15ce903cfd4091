/** Thrown anywhere in the login; its text is sent to the client as the FATAL error that ends the connection. */
export class ConnectionRefusal extends Error {
  override readonly name = 'ConnectionRefusal';

  constructor(
    readonly sqlState: string,
    message: string,
  ) {
    super(message);
  }
}

const AUTHENTICATION_CLEARTEXT_PASSWORD = 3;

/** Asks the client to send its password as it is, which is how an access token travels. */
export function cleartextPasswordRequest(): Buffer {
  const code = Buffer.alloc(4);
  code.writeInt32BE(AUTHENTICATION_CLEARTEXT_PASSWORD);
  return message('R', code);
}

/** An ErrorResponse: fields of one letter and a zero-terminated text, closed by another zero. */
export function fatalError({ sqlState, message: text }: ConnectionRefusal): Buffer {
  const fields = ['SFATAL', 'VFATAL', `C${sqlState}`, `M${text.replaceAll('\0', ' ')}`, ''];
  return message('E', Buffer.from(`${fields.join('\0')}\0`, 'utf8'));
}

/** Every message after the start is a letter, a length that counts itself but not the letter, and a body. */
function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}
