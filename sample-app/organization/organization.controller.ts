import { Controller, Get } from '@nestjs/common';
import {
  ApiBadGatewayResponse,
  ApiGatewayTimeoutResponse,
  ApiOkResponse,
  ApiOperation,
  ApiServiceUnavailableResponse,
  ApiTags,
} from '@nestjs/swagger';

import { ErrorBody } from '../error-body.js';
import { Organization } from './organization.dto.js';
import { OrganizationService } from './organization.service.js';

@ApiTags('organization')
@Controller('organization')
export class OrganizationController {
  constructor(private readonly organizations: OrganizationService) {}

  @Get()
  @ApiOperation({ summary: 'Ask Microsoft Graph for the tenant' })
  @ApiOkResponse({
    type: Organization,
    description: 'The tenant of the application, as Microsoft Graph knows it.',
  })
  @ApiServiceUnavailableResponse({ type: ErrorBody, description: 'There is no access token.' })
  @ApiGatewayTimeoutResponse({ type: ErrorBody, description: 'Graph did not answer in time.' })
  @ApiBadGatewayResponse({ type: ErrorBody, description: 'Graph could not be reached, or refused.' })
  organization(): Promise<Organization> {
    return this.organizations.organization();
  }
}
