import { BadGatewayException, Injectable } from '@nestjs/common';
import type { UserTokenCredential } from 'nestjs-entra-auth/users';

import { GraphClients } from '../graph/graph.client.js';
import type { Message } from './mail.dto.js';

/** What the application may do for a person. */
export const mailScope = 'https://graph.microsoft.com/Mail.Read';

const newest = '/me/messages?$top=10&$select=subject,from,receivedDateTime,isRead';

/** Reads the mail of the person that a credential speaks for. */
@Injectable()
export class MailService {
  constructor(private readonly graph: GraphClients) {}

  /** The ten newest messages. */
  async newest(person: UserTokenCredential): Promise<Message[]> {
    const { value } = await this.graph.as({ credential: person, scopes: [mailScope] }).get(newest);
    if (!Array.isArray(value)) throw unreadable();
    return value.map(toMessage);
  }
}

function toMessage(message: unknown): Message {
  const { subject, from, receivedDateTime, isRead } = Object(message) as Record<string, unknown>;
  if (typeof receivedDateTime !== 'string') throw unreadable();
  const sender = (from as { emailAddress?: { address?: unknown } } | null | undefined)?.emailAddress?.address;
  return {
    // A message without a subject has null, and a draft no sender.
    subject: typeof subject === 'string' ? subject : '',
    from: typeof sender === 'string' ? sender : null,
    receivedAt: receivedDateTime,
    isRead: isRead === true,
  };
}

function unreadable(): BadGatewayException {
  return new BadGatewayException('Microsoft Graph sent an answer that cannot be read.');
}
