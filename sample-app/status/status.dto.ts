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

  @ApiProperty({ description: 'Tokens obtained so far.' })
  refreshes!: number;

  @ApiProperty({ description: 'Attempts that failed so far.' })
  failures!: number;
}

export class DatabaseStatus {
  @ApiProperty({ description: 'Physical logins that succeeded.' })
  logins!: number;

  @ApiProperty()
  loginFailures!: number;

  @ApiProperty({ description: 'Queries that succeeded.' })
  queries!: number;

  @ApiProperty()
  queryFailures!: number;
}

export class Status {
  @ApiProperty({ type: [TokenStatus] })
  tokens!: TokenStatus[];

  @ApiProperty({ type: DatabaseStatus })
  database!: DatabaseStatus;
}
