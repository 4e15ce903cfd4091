import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';

import { CallersModule } from '../callers/callers.module.js';
import { SignInModule } from '../sign-in/sign-in.module.js';
import { DigestJob } from './digest.job.js';
import { DigestsService } from './digests.service.js';
import { MailDigest } from './mail-digest.entity.js';
import { MailService } from './mail.service.js';
import { MeController } from './me.controller.js';

/** The mail of persons: of those who call, and of those who signed in once. */
@Module({
  imports: [TypeOrmModule.forFeature([MailDigest]), CallersModule, SignInModule],
  controllers: [MeController],
  providers: [MailService, DigestsService, DigestJob],
})
export class MailModule {}
