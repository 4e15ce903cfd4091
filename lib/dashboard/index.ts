/** What `nestjs-entra-auth/dashboard` offers; everything else in this folder is private. */
export type { DashboardAction, DashboardExtension, DashboardFigure } from './dashboard-extension.js';
export type { DashboardState } from './dashboard-state.js';
export type { EntraDashboardOptions } from './dashboard.options.js';
export { EntraDashboardModule } from './entra-dashboard.module.js';
