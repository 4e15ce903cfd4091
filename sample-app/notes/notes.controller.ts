import { Body, Controller, Get, Post } from '@nestjs/common';
import { ApiBadRequestResponse, ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';

import { CreateNoteDto } from './create-note.dto.js';
import { Note } from './note.entity.js';
import { NotesService } from './notes.service.js';

@ApiTags('notes')
@Controller('notes')
export class NotesController {
  constructor(private readonly notes: NotesService) {}

  @Get()
  @ApiOkResponse({ type: [Note], description: 'The newest 100 notes, the newest first.' })
  list(): Promise<Note[]> {
    return this.notes.list();
  }

  @Post()
  @ApiCreatedResponse({ type: Note })
  @ApiBadRequestResponse({ description: 'The body is not { "text": "1 to 1000 characters" }.' })
  add(@Body() { text }: CreateNoteDto): Promise<Note> {
    return this.notes.add(text);
  }
}
