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

  constructor(perSecond: number | Uint32Array) {
    this.perSecond = typeof perSecond === 'number' ? new Uint32Array(perSecond) : perSecond;
  }

  count(second: number): void {
    const index = Math.floor(second);
    this.perSecond[index] = this.#at(index) + 1;
  }

  mean(from: number, to: number): number {
    return this.#sum(from, to) / (Math.min(to, this.perSecond.length) - from);
  }

  /** The busiest second in [from, to). */
  peak(from: number, to: number): PeakSecond {
    let second = from;
    for (let at = from; at < to; at++) if (this.#at(at) > this.#at(second)) second = at;
    const minute = second - (second % 60);
    return { second, requests: this.#at(second), meanOfMinute: this.mean(minute, minute + 60) };
  }

  /** Mean of the seconds of the busiest minute in [from, to). */
  busiestMinute(from: number, to: number): number {
    let busiest = 0;
    for (let at = from; at + 60 <= to; at += 60) busiest = Math.max(busiest, this.mean(at, at + 60));
    return busiest;
  }

  /** The same requests in [from, to), each at any second of its minute: what chance alone makes of them. */
  shuffled(from: number, to: number, random: () => number): RequestRate {
    const shuffled = new RequestRate(this.perSecond.length);
    for (let minute = from - (from % 60); minute < to; minute += 60) {
      for (let left = this.#sum(minute, minute + 60); left > 0; left--)
        shuffled.count(minute + 60 * random());
    }
    return shuffled;
  }

  #sum(from: number, to: number): number {
    return this.perSecond.subarray(from, to).reduce((sum, count) => sum + count, 0);
  }

  #at(second: number): number {
    return this.perSecond[second] ?? 0;
  }
}
