import { Injectable } from '@nestjs/common';
import { EntraTypeOrmOptionsFactory } from 'nestjs-entra-auth';

/** Counts the physical logins to the database. */
@Injectable()
export class LoginMeter {
  accepted = 0;
  failed = 0;

  constructor(dataSources: EntraTypeOrmOptionsFactory) {
    dataSources.logins.subscribe(({ outcome }) => {
      if (outcome === 'accepted') this.accepted++;
      else this.failed++;
    });
  }
}
