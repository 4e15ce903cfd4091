import { ApiProperty } from '@nestjs/swagger';
import type { TokenState } from 'nestjs-entra-auth';

const states: TokenState['state'][] = [
  'pending',
  'fresh',
  'due',
  'degraded',
  'reauthentication-required',
  'expired',
];

export class TokenStatus {
  @ApiProperty({ example: 'postgres' })
  resource!: string;

  @ApiProperty({ enum: states })
  state!: TokenState['state'];

  @ApiProperty({ type: Date, nullable: true })
  acquiredAt!: Date | null;

  @ApiProperty({ type: Date, nullable: true })
  expiresAt!: Date | null;

  @ApiProperty({ type: Date, nullable: true })
  nextRefreshAt!: Date | null;

  @ApiProperty({ example: 3, description: 'Tokens obtained so far.' })
  refreshes!: number;

  @ApiProperty({ example: 0, description: 'Attempts that failed so far.' })
  failures!: number;
}

export class DatabaseStatus {
  @ApiProperty({ example: 12, description: 'Physical logins that succeeded.' })
  logins!: number;

  @ApiProperty({ example: 0, description: 'Physical logins that failed or were refused.' })
  loginFailures!: number;

  @ApiProperty({ example: 60, description: 'Queries that succeeded.' })
  queries!: number;

  @ApiProperty({ example: 0, description: 'Queries that failed.' })
  queryFailures!: number;
}

export class Status {
  @ApiProperty({ type: [TokenStatus] })
  tokens!: TokenStatus[];

  @ApiProperty({ type: DatabaseStatus })
  database!: DatabaseStatus;
}
