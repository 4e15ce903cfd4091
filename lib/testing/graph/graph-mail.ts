import type { LocalMessage, LocalUser } from '../directory/people.js';
import type { GraphRefusal } from './graph-error.js';

/** A page of a mailbox, or the refusal. */
export type MailPage =
  | { messages: readonly object[]; next: URLSearchParams | undefined; refusal?: undefined }
  | { refusal: GraphRefusal };

const usualPage = 10;
const largestPage = 1_000;
const known = ['$top', '$skip', '$select'];

/**
 * Reads a page of a mailbox, the newest message first.
 *
 * @see https://learn.microsoft.com/graph/api/user-list-messages
 */
export function readMail({ objectId, mail = [] }: LocalUser, query: URLSearchParams): MailPage {
  const unknown = [...query.keys()].find((name) => !known.includes(name));
  if (unknown !== undefined) return refuse(`The local Graph does not know the query option '${unknown}'.`);
  const top = countOf(query, '$top', usualPage);
  const skip = countOf(query, '$skip', 0);
  if (top === undefined || skip === undefined || top === 0 || top > largestPage) {
    return refuse('The limit specified in the query is not valid.');
  }
  const all = mail
    .map((message, n) => shown(message, `${objectId}-${n}`))
    .sort((a, b) => b.receivedDateTime.localeCompare(a.receivedDateTime));
  const selected = query.get('$select')?.split(',') ?? Object.keys(shown({ subject: '' }, ''));
  const strange = selected.find((name) => !Object.hasOwn(shown({ subject: '' }, ''), name));
  if (strange !== undefined) {
    return refuse(
      `Could not find a property named '${strange}' on type 'Microsoft.OutlookServices.Message'.`,
    );
  }
  const messages = all
    .slice(skip, skip + top)
    .map((message) =>
      Object.fromEntries(
        Object.entries(message).filter(([name]) => name === 'id' || selected.includes(name)),
      ),
    );
  const next = new URLSearchParams(query);
  next.set('$skip', String(skip + top));
  return { messages, next: skip + top < all.length ? next : undefined };
}

function shown({ subject, from, receivedAt, isRead = false }: LocalMessage, id: string) {
  const address = from ?? 'nora@contoso.example';
  return {
    id,
    receivedDateTime: (receivedAt ?? new Date(Date.UTC(2026, 0, 1))).toISOString(),
    subject,
    isRead,
    from: { emailAddress: { name: address, address } },
  };
}

function countOf(query: URLSearchParams, name: string, usual: number): number | undefined {
  const text = query.get(name);
  if (text === null) return usual;
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

function refuse(message: string): MailPage {
  return { refusal: { status: 400, code: 'RequestBroker--ParseUri', message } };
}
