import type { ErrorReferenceRow } from '../lib/reference/error-reference.js';

/** The page of the error reference, as Markdown. */
export function errorsPage(reference: readonly ErrorReferenceRow[]): string;
