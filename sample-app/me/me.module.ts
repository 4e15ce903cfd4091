import { Module } from '@nestjs/common';

import { GraphClient } from './graph.client.js';
import { MeController } from './me.controller.js';

@Module({ controllers: [MeController], providers: [GraphClient] })
export class MeModule {}
