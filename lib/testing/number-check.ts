/** @throws RangeError when the value is not a finite number of at least `minimum` */
export function atLeast(minimum: number, value: number, name: string): number {
  if (Number.isFinite(value) && value >= minimum) return value;
  throw new RangeError(`"${name}" must be a number of at least ${minimum}, not ${value}.`);
}
