import { ForbiddenException, type CanActivate, type ExecutionContext } from '@nestjs/common';

const localHost = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i;

/**
 * Stands in for a guard that is not there: lets requests in that are addressed to this machine by its local names. A page
 * elsewhere cannot reach the dashboard through a name of its own that leads here, and an ingress does not pass it on.
 */
export class LocalHostGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: { host?: string } }>();
    if (localHost.test(headers.host ?? '')) return true;
    throw new ForbiddenException(
      'Without a guard the dashboard answers on localhost alone. Write EntraDashboardModule.forRoot({ guard: … }).',
    );
  }
}
