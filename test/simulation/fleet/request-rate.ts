/** The busiest second of a span. */
export interface PeakSecond {
  second: number;
  requests: number;
  /** Mean of the seconds of the same minute. */
  meanOfMinute: number;
}

/** Requests in each second. */
export class RequestRate {
  readonly perSecond: Uint32Array;

  constructor(seconds: number) {
    this.perSecond = new Uint32Array(seconds);
  }

  count(second: number): void {
    const index = Math.floor(second);
    this.perSecond[index] = this.#at(index) + 1;
  }

  /** Adds the requests of another fleet, as if both asked the same issuer. */
  add(perSecond: Uint32Array): void {
    perSecond.forEach((requests, second) => (this.perSecond[second] = this.#at(second) + requests));
  }

  mean(from: number, to: number): number {
    const requests = this.perSecond.subarray(from, to);
    return requests.reduce((sum, count) => sum + count, 0) / requests.length;
  }

  /** The busiest second in [from, to). */
  peak(from: number, to: number): PeakSecond {
    let second = from;
    for (let at = from; at < to; at++) if (this.#at(at) > this.#at(second)) second = at;
    const minute = second - (second % 60);
    return { second, requests: this.#at(second), meanOfMinute: this.mean(minute, minute + 60) };
  }

  /** How much busier than its minute the busiest ten seconds in [from, to) are. */
  tenSecondsToMinute(from: number, to: number): number {
    let busiest = from;
    for (let at = from; at < to; at += 10) {
      if (this.mean(at, at + 10) > this.mean(busiest, busiest + 10)) busiest = at;
    }
    const minute = busiest - (busiest % 60);
    return this.mean(busiest, busiest + 10) / this.mean(minute, minute + 60);
  }

  /** Mean of the seconds of the busiest minute in [from, to). */
  busiestMinute(from: number, to: number): number {
    let busiest = 0;
    for (let at = from; at + 60 <= to; at += 60) busiest = Math.max(busiest, this.mean(at, at + 60));
    return busiest;
  }

  #at(second: number): number {
    return this.perSecond[second] ?? 0;
  }
}
