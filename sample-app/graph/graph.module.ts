import { Global, Module } from '@nestjs/common';

import { GraphClients } from './graph.client.js';

@Global()
@Module({ providers: [GraphClients], exports: [GraphClients] })
export class GraphModule {}
