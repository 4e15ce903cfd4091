import { Injectable } from '@nestjs/common';
import { EntraTokenService } from 'nestjs-entra-auth';
import type { DashboardAction, DashboardExtension, DashboardFigure } from 'nestjs-entra-auth/dashboard';

import { Platform } from '../platform/platform.js';
import { SteadyCallsService } from './steady-calls.service.js';

/** What this application adds to the page: whether its users notice anything, and, on a desk, buttons for trouble. */
@Injectable()
export class SampleDashboard implements DashboardExtension {
  constructor(
    private readonly calls: SteadyCallsService,
    private readonly tokens: EntraTokenService,
    private readonly platform: Platform,
  ) {}

  figures(): DashboardFigure[] {
    const { made, failed } = this.calls;
    return [
      { label: 'failed calls', value: failed, alarm: failed > 0 },
      { label: 'calls made', value: made },
    ];
  }

  actions(): DashboardAction[] {
    return this.platform.troubles.map(({ name, label, description, isOn }) => ({
      name,
      label,
      description,
      active: isOn?.() ?? false,
    }));
  }

  async run(action: string): Promise<string> {
    const trouble = this.platform.troubles.find(({ name }) => name === action);
    if (trouble === undefined) return 'Unknown trouble.';
    const report = await trouble.start();
    if (trouble.isAtTokenEndpoint) this.refreshAll();
    return report;
  }

  /** Shows at once, and not only when a refresh is due, what has changed at the token endpoint. */
  private refreshAll(): void {
    for (const { resource, configured } of this.tokens.state()) {
      if (configured) void this.tokens.refresh(resource).catch(() => undefined);
    }
  }
}
