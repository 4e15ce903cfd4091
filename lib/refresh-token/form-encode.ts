/**
 * A value as it stands in a form.
 *
 * @see https://url.spec.whatwg.org/#application/x-www-form-urlencoded
 */
export function formEncode(value: string): string {
  return new URLSearchParams({ value }).toString().slice('value='.length);
}
