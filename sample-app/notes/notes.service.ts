import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';

import { Note } from './note.entity.js';

@Injectable()
export class NotesService {
  constructor(@InjectRepository(Note) private readonly notes: Repository<Note>) {}

  /** The newest notes first. */
  list(): Promise<Note[]> {
    return this.notes.find({ order: { id: 'DESC' }, take: 100 });
  }

  count(): Promise<number> {
    return this.notes.count();
  }

  add(text: string): Promise<Note> {
    return this.notes.save({ text });
  }
}
