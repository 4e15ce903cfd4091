import { Body, Controller, Get, Post, UseInterceptors } from '@nestjs/common';
import {
  ApiBadRequestResponse,
  ApiCreatedResponse,
  ApiOkResponse,
  ApiOperation,
  ApiServiceUnavailableResponse,
  ApiTags,
} from '@nestjs/swagger';

import { ErrorBody, InvalidBody } from '../error-body.js';
import { CreateReminderDto, Reminder } from './reminder.dto.js';
import { QueueTimeoutInterceptor } from './queue-timeout.interceptor.js';
import { RemindersService } from './reminders.service.js';

@ApiTags('reminders')
@Controller('reminders')
@UseInterceptors(QueueTimeoutInterceptor)
@ApiServiceUnavailableResponse({ type: ErrorBody, description: 'No token, or no connection to Redis.' })
export class RemindersController {
  constructor(private readonly reminders: RemindersService) {}

  @Get()
  @ApiOperation({ summary: 'List the reminders that wait in the queue' })
  @ApiOkResponse({ type: [Reminder], description: 'The next 100 reminders, those that are due first.' })
  list(): Promise<Reminder[]> {
    return this.reminders.waiting();
  }

  @Post()
  @ApiOperation({ summary: 'Queue a reminder, which becomes a note when it is due' })
  @ApiCreatedResponse({ type: Reminder })
  @ApiBadRequestResponse({
    type: InvalidBody,
    description: 'The body is not { "text": "1 to 1000 characters", "delayInSeconds": 0 to 86400 }.',
  })
  add(@Body() { text, delayInSeconds }: CreateReminderDto): Promise<Reminder> {
    return this.reminders.add(text, delayInSeconds);
  }
}
