import { ApiProperty } from '@nestjs/swagger';
import { Column, CreateDateColumn, Entity, PrimaryGeneratedColumn } from 'typeorm';

@Entity('notes')
export class Note {
  @ApiProperty({ example: 1 })
  @PrimaryGeneratedColumn('identity')
  id!: number;

  @ApiProperty({ example: 'Buy milk' })
  @Column('text')
  text!: string;

  @ApiProperty({ example: '2026-01-02T03:04:05.678Z' })
  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;
}
