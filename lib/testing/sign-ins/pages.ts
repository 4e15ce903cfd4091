import type { LocalUser } from '../directory/people.js';
import type { EndpointResponse } from '../http/endpoint.js';

/** A page for the browser. */
export function page(status: number, title: string, content: string): EndpointResponse {
  return {
    status,
    headers: { 'content-type': 'text/html; charset=utf-8' },
    body: `<!doctype html><html lang="en"><head><title>${escaped(title)} - local Entra</title></head><body><h1>${escaped(title)}</h1>${content}</body></html>`,
  };
}

/** Hidden fields of a form. */
export function hidden(fields: readonly (readonly [string, string])[]): string {
  return fields
    .map(([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`)
    .join('');
}

/** The field by which a person says who they are. */
export function peopleChoice(people: readonly LocalUser[], chosen: string | null): string {
  const options = people.map(({ userPrincipalName, name }) => {
    const selected = userPrincipalName.toLowerCase() === chosen?.toLowerCase() ? ' selected' : '';
    return `<option value="${escaped(userPrincipalName)}"${selected}>${escaped(name)}</option>`;
  });
  return `<label>Who are you? <select name="username">${options.join('')}</select></label>`;
}

/** Text as HTML shows it. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
