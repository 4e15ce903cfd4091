import { ApiProperty } from '@nestjs/swagger';

/** @see https://learn.microsoft.com/graph/api/organization-list */
export class Organization {
  @ApiProperty()
  id!: string;

  @ApiProperty()
  displayName!: string;
}
