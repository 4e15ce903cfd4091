import { parseJsonObject } from '../common/json-object.js';
import { findAadsts } from './aadsts.js';

/** What an endpoint wrote into an answer that grants nothing. */
export interface RefusalBody {
  /** OAuth error code. */
  error: string | undefined;
  /** `error_description` of Entra and of IMDS, `message` of App Service. */
  description: string | undefined;
  aadsts: number | undefined;
}

const permanentErrors: readonly unknown[] = [
  'invalid_client',
  'unauthorized_client',
  'invalid_grant',
  'invalid_scope',
  'invalid_resource',
  'unsupported_grant_type',
];

/** Reads an answer; all of it is absent when it is not a JSON object. */
export function readRefusalBody(body: string): RefusalBody {
  const object = parseJsonObject(body) ?? {};
  const text = (key: string): string | undefined => {
    const value = object[key];
    return typeof value === 'string' && value.trim() !== '' ? value : undefined;
  };
  const description = text('error_description') ?? text('message');
  // Also in a page, and in an answer that is longer than what was kept of it.
  const aadsts = findAadsts(description ?? body);
  return { error: text('error'), description, aadsts };
}

/** Whether the OAuth error code stands for something that must be repaired. */
export function isPermanentRefusal({ error }: RefusalBody): boolean {
  return permanentErrors.includes(error);
}
