import { ForbiddenException, Injectable, type CanActivate } from '@nestjs/common';

import { Platform } from '../platform/platform.js';

/** Lets everyone see the page on the local platform. An application on Azure has a guard that knows its operators. */
@Injectable()
export class DashboardGuard implements CanActivate {
  constructor(private readonly platform: Platform) {}

  canActivate(): boolean {
    if (this.platform.isLocal) return true;
    throw new ForbiddenException('Give the dashboard a guard that lets your operators in.');
  }
}
