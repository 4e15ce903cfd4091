import { Controller, Get } from '@nestjs/common';
import { ApiBadGatewayResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';

import { GraphClient } from './graph.client.js';
import { GraphUser } from './graph-user.dto.js';

@ApiTags('me')
@Controller('me')
export class MeController {
  constructor(private readonly graph: GraphClient) {}

  @Get()
  @ApiOkResponse({ type: GraphUser, description: 'Who the application is, as Microsoft Graph sees it.' })
  @ApiBadGatewayResponse({ description: 'Graph could not be reached, or refused.' })
  me(): Promise<GraphUser> {
    return this.graph.me();
  }
}
