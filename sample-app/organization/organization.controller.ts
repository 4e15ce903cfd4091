import { Controller, Get } from '@nestjs/common';
import { ApiBadGatewayResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';

import { GraphClient } from './graph.client.js';
import { Organization } from './organization.dto.js';

@ApiTags('organization')
@Controller('organization')
export class OrganizationController {
  constructor(private readonly graph: GraphClient) {}

  @Get()
  @ApiOkResponse({
    type: Organization,
    description: 'The tenant of the application, as Microsoft Graph knows it.',
  })
  @ApiBadGatewayResponse({ description: 'Graph could not be reached, or refused.' })
  organization(): Promise<Organization> {
    return this.graph.organization();
  }
}
