const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether the text is a GUID, in lower or upper case. */
export function isGuid(text: string): boolean {
  return guid.test(text);
}

/** @throws RangeError when the value is not a finite number of at least `minimum` */
export function atLeast(minimum: number, value: number, name: string): number {
  if (Number.isFinite(value) && value >= minimum) return value;
  throw new RangeError(`"${name}" must be a number of at least ${minimum}, not ${value}.`);
}

/** @throws Error for a server that the local Entra was started without */
export function isMissing(server: string, name: string): never {
  throw new Error(`The local ${server} was not started: start the local Entra with { ${name}: true }.`);
}
