import { Module } from '@nestjs/common';

import { GraphClient } from './graph.client.js';
import { OrganizationController } from './organization.controller.js';

@Module({ controllers: [OrganizationController], providers: [GraphClient] })
export class OrganizationModule {}
