import {
  Injectable,
  ServiceUnavailableException,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { throwError, timeout, type Observable } from 'rxjs';

/** Answers 503 where the queue does not: without a connection, ioredis holds commands until there is one. */
@Injectable()
export class QueueTimeoutInterceptor implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
    const late = (): Error => new ServiceUnavailableException('The queue did not answer in time.');
    return next.handle().pipe(timeout({ first: 5_000, with: () => throwError(late) }));
  }
}
