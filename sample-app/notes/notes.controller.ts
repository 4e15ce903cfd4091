import { Body, Controller, Get, Post } from '@nestjs/common';
import {
  ApiBadRequestResponse,
  ApiCreatedResponse,
  ApiOkResponse,
  ApiOperation,
  ApiServiceUnavailableResponse,
  ApiTags,
} from '@nestjs/swagger';

import { ErrorBody, InvalidBody } from '../error-body.js';
import { CreateNoteDto } from './create-note.dto.js';
import { Note } from './note.entity.js';
import { NotesService } from './notes.service.js';

@ApiTags('notes')
@Controller('notes')
@ApiServiceUnavailableResponse({ type: ErrorBody, description: 'No token, or no login to the database.' })
export class NotesController {
  constructor(private readonly notes: NotesService) {}

  @Get()
  @ApiOperation({ summary: 'List the notes' })
  @ApiOkResponse({ type: [Note], description: 'The newest 100 notes, the newest first.' })
  list(): Promise<Note[]> {
    return this.notes.list();
  }

  @Post()
  @ApiOperation({ summary: 'Add a note' })
  @ApiCreatedResponse({ type: Note })
  @ApiBadRequestResponse({
    type: InvalidBody,
    description: 'The body is not { "text": "1 to 1000 characters" }.',
  })
  add(@Body() { text }: CreateNoteDto): Promise<Note> {
    return this.notes.add(text);
  }
}
