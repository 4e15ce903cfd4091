import { ApiProperty, PickType } from '@nestjs/swagger';
import { IsInt, Max, Min } from 'class-validator';

import { CreateNoteDto } from '../notes/create-note.dto.js';

const clearly = { message: 'delayInSeconds must be a whole number from 0 to 86400' };

export class CreateReminderDto extends PickType(CreateNoteDto, ['text']) {
  @ApiProperty({ example: 10, minimum: 0, maximum: 86_400 })
  @IsInt(clearly)
  @Min(0, clearly)
  @Max(86_400, clearly)
  delayInSeconds!: number;
}

export class Reminder {
  @ApiProperty({ example: '1' })
  id!: string;

  @ApiProperty({ example: 'Buy milk' })
  text!: string;

  @ApiProperty({ example: '2026-01-02T03:04:05.678Z' })
  dueAt!: Date;
}
