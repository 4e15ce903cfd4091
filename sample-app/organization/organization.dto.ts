import { ApiProperty } from '@nestjs/swagger';

/** @see https://learn.microsoft.com/graph/api/organization-list */
export class Organization {
  @ApiProperty({ example: '9f0f3bd6-6a63-4b8e-a6a3-3d4bb6a8a1f2', description: 'The tenant id.' })
  id!: string;

  @ApiProperty({ example: 'Contoso' })
  displayName!: string;
}
