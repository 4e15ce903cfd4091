import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';

import { Status } from './status.dto.js';
import { StatusService } from './status.service.js';

@ApiTags('status')
@Controller('status')
export class StatusController {
  constructor(private readonly status: StatusService) {}

  @Get()
  @ApiOperation({ summary: 'Show tokens, logins and queries as JSON' })
  @ApiOkResponse({ type: Status, description: 'Where the tokens stand, and what the database was asked.' })
  read(): Status {
    return this.status.read();
  }
}
