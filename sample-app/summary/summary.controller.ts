import { CacheInterceptor, CacheTTL } from '@nestjs/cache-manager';
import { Controller, Get, UseInterceptors } from '@nestjs/common';
import {
  ApiOkResponse,
  ApiOperation,
  ApiProperty,
  ApiServiceUnavailableResponse,
  ApiTags,
} from '@nestjs/swagger';

import { ErrorBody } from '../error-body.js';
import { NotesService } from '../notes/notes.service.js';

export class Summary {
  @ApiProperty({ example: 3 })
  notes!: number;

  @ApiProperty({ example: '2026-01-02T03:04:05.678Z' })
  countedAt!: Date;
}

@ApiTags('summary')
@Controller('summary')
export class SummaryController {
  constructor(private readonly notes: NotesService) {}

  @Get()
  @UseInterceptors(CacheInterceptor)
  @CacheTTL(5_000)
  @ApiOperation({ summary: 'Count the notes, at most every five seconds' })
  @ApiOkResponse({ type: Summary, description: 'The number of notes, from the cache.' })
  @ApiServiceUnavailableResponse({ type: ErrorBody, description: 'No token, or no login to the database.' })
  async read(): Promise<Summary> {
    return { notes: await this.notes.count(), countedAt: new Date() };
  }
}
