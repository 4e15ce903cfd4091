import { Module } from '@nestjs/common';
import { EntraDashboardModule } from 'nestjs-entra-auth/dashboard';

import { NotesModule } from '../notes/notes.module.js';
import { DashboardGuard } from './dashboard.guard.js';
import { SampleDashboard } from './sample.dashboard.js';
import { SteadyCallsService } from './steady-calls.service.js';

/** The page at `/` that shows the tokens live and die. */
@Module({
  imports: [
    NotesModule,
    EntraDashboardModule.forRoot({
      path: '/',
      title: 'Notes without a password',
      guard: DashboardGuard,
      extension: SampleDashboard,
    }),
  ],
  providers: [SampleDashboard, SteadyCallsService],
})
export class DashboardModule {}
