import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsString, Length, Matches } from 'class-validator';

const clearly = { message: 'text must be a string of 1 to 1000 characters' };

export class CreateNoteDto {
  @ApiProperty({ example: 'Buy milk', minLength: 1, maxLength: 1000 })
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.trim() : value))
  @IsString(clearly)
  @Length(1, 1000, clearly)
  // PostgreSQL has no text with a NUL character.
  @Matches(/^[^\0]*$/, clearly)
  text!: string;
}
