import { ApiProperty } from '@nestjs/swagger';

/** @see https://learn.microsoft.com/graph/api/user-get */
export class GraphUser {
  @ApiProperty()
  id!: string;

  @ApiProperty()
  displayName!: string;
}
