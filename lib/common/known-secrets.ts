import { BoundedMap } from './bounded-map.js';

const mostSecrets = 256;
// Shorter values would take ordinary words out of every text.
const shortestSecret = 4;

const formsOfSecrets = new BoundedMap<string, readonly string[]>(mostSecrets);

/**
 * Removes a secret by its value from every text that is redacted from now on: a client secret has no shape to be told by.
 * Keeps the newest 256.
 */
export function rememberSecret(secret: string | undefined): void {
  if (secret === undefined || secret.length < shortestSecret) return;
  formsOfSecrets.set(secret, formsOf(secret));
}

/** Replaces every remembered secret in a text, whatever form a server gave it. */
export function withoutRememberedSecrets(text: string): string {
  let cleaned = text;
  for (const forms of formsOfSecrets.values()) cleaned = withoutForms(cleaned, forms);
  return cleaned;
}

/** Replaces the given secrets in a text, whatever form a server gave them. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets.reduce((cleaned, secret) => withoutForms(cleaned, formsOf(secret)), text);
}

function withoutForms(text: string, forms: readonly string[]): string {
  return forms.reduce((cleaned, form) => cleaned.replaceAll(form, '[redacted]'), text);
}

/** The secret as text, in a query, in a form, in JSON, in HTML and as Base64. */
function formsOf(secret: string): readonly string[] {
  if (secret === '') return [];
  const bytes = Buffer.from(secret);
  const encoded = [encodeURIComponent(secret), new URLSearchParams({ s: secret }).toString().slice(2)];
  const forms = [
    secret,
    ...encoded,
    ...encoded.map((form) => form.replace(/%../g, (escape) => escape.toLowerCase())),
    JSON.stringify(secret).slice(1, -1),
    secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;'),
    bytes.toString('base64'),
    bytes.toString('base64url'),
  ];
  return [...new Set(forms)].sort((a, b) => b.length - a.length);
}
