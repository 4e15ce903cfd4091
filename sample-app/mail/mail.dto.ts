import { ApiProperty } from '@nestjs/swagger';

/** @see https://learn.microsoft.com/graph/api/user-list-messages */
export class Message {
  @ApiProperty({ example: 'Minutes of Monday' })
  subject!: string;

  @ApiProperty({ type: String, nullable: true, example: 'omar@contoso.example' })
  from!: string | null;

  @ApiProperty({ example: '2026-01-02T03:04:05.678Z' })
  receivedAt!: string;

  @ApiProperty({ example: false })
  isRead!: boolean;
}

export class Digest {
  @ApiProperty({ example: 3, description: 'Unread ones among the newest ten messages.' })
  unread!: number;

  @ApiProperty({ example: '2026-01-02T03:04:05.678Z', description: 'When the mailbox was read.' })
  readAt!: Date;

  @ApiProperty({
    example: false,
    description: 'Whether nothing more is read until the person signs in again.',
  })
  waitsForSignIn!: boolean;
}

export class Forgotten {
  @ApiProperty({ example: true, description: 'Whether there was a sign-in.' })
  wasSignedIn!: boolean;
}
