import { Module } from '@nestjs/common';

import { NotesModule } from '../notes/notes.module.js';
import { SummaryController } from './summary.controller.js';

@Module({ imports: [NotesModule], controllers: [SummaryController] })
export class SummaryModule {}
