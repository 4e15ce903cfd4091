import { Logger } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';

import { createApp } from './app.js';
import type { EnvironmentVariables } from './config/environment-variables.js';
import { Platform } from './platform/platform.js';

const app = await createApp();
const config = app.get<ConfigService<EnvironmentVariables, true>>(ConfigService);
await app.listen(config.get('PORT', { infer: true }));

const logger = new Logger('Sample');
const url = `http://localhost:${new URL(await app.getUrl()).port}`;
logger.log(`Connected to ${app.get(Platform).description}, without a password.`);
if (app.get(Platform).registration) logger.log(`Sign in at ${url}/sign-in, and a job reads your mail.`);
logger.log(`Open ${url} to see its tokens live and die, and ${url}/api to try it.`);
