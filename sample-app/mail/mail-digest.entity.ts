import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What the job has found in the mailbox of a person: numbers, and nothing of the mail. */
@Entity('mail_digests')
export class MailDigest {
  @PrimaryColumn('text', { name: 'user_key' })
  userKey!: string;

  @Column('integer')
  unread!: number;

  @Column('timestamptz', { name: 'read_at' })
  readAt!: Date;

  @Column('boolean', { name: 'waits_for_sign_in' })
  waitsForSignIn!: boolean;
}
