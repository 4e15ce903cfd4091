import { once } from 'node:events';

import { io } from 'socket.io-client';
import { WebSocket } from 'ws';

/** What a gateway of Nest sends. */
export interface Message {
  event: string;
  data: unknown;
}

export interface WebSocketClient {
  /** Sends a message, and waits for the next one that comes. */
  ask: (event: string, data: unknown) => Promise<Message>;
  close: () => void;
}

const patience = 60_000;

/** Connects with a token in the `Authorization` header of the handshake. */
export async function connectSocketIo(url: string, token: string): Promise<WebSocketClient> {
  const extraHeaders = { authorization: `Bearer ${token}` };
  const socket = io(url, { transports: ['websocket'], reconnection: false, forceNew: true, extraHeaders });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('connect_error', reject);
  });
  const ask = (event: string, data: unknown): Promise<Message> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`No answer to ${event}`)), patience);
      const hear = (answered: string, answer: unknown): void => {
        clearTimeout(timer);
        socket.offAny(hear);
        resolve({ event: answered, data: answer });
      };
      socket.onAny(hear);
      socket.emit(event, data);
    });
  return { ask, close: () => socket.close() };
}

/** Connects with a token in the `Authorization` header of the handshake. */
export async function connectWebSocket(url: string, token: string): Promise<WebSocketClient> {
  const headers = { authorization: `Bearer ${token}` };
  const socket = new WebSocket(url.replace('http', 'ws'), { headers });
  await once(socket, 'open');
  const ask = async (event: string, data: unknown): Promise<Message> => {
    const answered = once(socket, 'message', { signal: AbortSignal.timeout(patience) });
    socket.send(JSON.stringify({ event, data }));
    const [text] = (await answered) as [Buffer];
    return JSON.parse(text.toString()) as Message;
  };
  return { ask, close: () => socket.close() };
}
