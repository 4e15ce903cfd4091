import type { EndpointResponse } from '../http/endpoint.js';

const mostInASecond = 20;
const mostAtOnce = 5;

/**
 * The limits that IMDS has for tokens, of the machine as a whole.
 *
 * @see https://learn.microsoft.com/azure/virtual-machines/instance-metadata-service#rate-limiting
 */
export class RequestLimit {
  private arrivals: number[] = [];
  private underWay = 0;

  constructor(private readonly now: () => number) {}

  /** Takes a request in; returns what ends it, or undefined when there are too many. */
  enter(): (() => void) | undefined {
    const now = this.now();
    this.arrivals = this.arrivals.filter((arrival) => now - arrival < 1000 && arrival <= now);
    if (this.arrivals.length >= mostInASecond || this.underWay >= mostAtOnce) return undefined;
    this.arrivals.push(now);
    this.underWay += 1;
    return () => (this.underWay -= 1);
  }
}

/** What a request gets that was one too many. */
export const tooManyRequests: EndpointResponse = {
  status: 429,
  body: { error: 'too_many_requests', error_description: 'Too many requests' },
};
