import { Module } from '@nestjs/common';

import { SignInClient } from './sign-in.client.js';
import { SignInController } from './sign-in.controller.js';

@Module({ controllers: [SignInController], providers: [SignInClient] })
export class SignInModule {}
