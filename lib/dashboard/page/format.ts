const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

const twoDigits = (count: number): string => String(count).padStart(2, '0');

/** A time that runs down, as a clock shows it: `0:42`, `12:05`, `3:12:05`. */
export function countdown(milliseconds: number): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / second));
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  const rest = twoDigits(seconds % 60);
  return hours > 0 ? `${hours}:${twoDigits(minutes)}:${rest}` : `${minutes}:${rest}`;
}

/** A duration in words: `42 s`, `12 min 5 s`, `3 h 12 min`, `2 d 3 h`. */
export function duration(milliseconds: number): string {
  const ms = Math.max(0, Math.round(milliseconds / second) * second);
  if (ms < minute) return `${ms / second} s`;
  if (ms < hour) return parts([Math.floor(ms / minute), 'min'], [(ms % minute) / second, 's']);
  if (ms < day) return parts([Math.floor(ms / hour), 'h'], [Math.floor((ms % hour) / minute), 'min']);
  return parts([Math.floor(ms / day), 'd'], [Math.floor((ms % day) / hour), 'h']);
}

function parts([whole, unit]: [number, string], [rest, restUnit]: [number, string]): string {
  return rest === 0 ? `${whole} ${unit}` : `${whole} ${unit} ${rest} ${restUnit}`;
}

/** The time of day at the reader's place, as `14:03:09`. */
export function timeOfDay(time: Date): string {
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map(twoDigits).join(':');
}

/** A rate with as many digits as can be read: `0`, `0.4`, `16.7`, `120`. */
export function rate(perSecond: number): string {
  return perSecond >= 100 || perSecond === 0 ? String(Math.round(perSecond)) : perSecond.toFixed(1);
}
