import { Injectable } from '@nestjs/common';
import { DataSource, type AfterQueryEvent, type EntitySubscriberInterface } from 'typeorm';

/** Counts the queries of the application, as a subscriber of TypeORM. */
@Injectable()
export class QueryMeter implements EntitySubscriberInterface {
  succeeded = 0;
  failed = 0;

  constructor(dataSource: DataSource) {
    dataSource.subscribers.push(this);
  }

  afterQuery({ success }: AfterQueryEvent): void {
    if (success) this.succeeded++;
    else this.failed++;
  }
}
