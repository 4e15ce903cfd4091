// A module that imports what the root of this package imports, and has no code.
import 'node:async_hooks';
import 'node:crypto';
import 'node:fs/promises';
import 'node:https';
import 'node:net';
import 'node:path';
import 'node:tls';
import 'node:util';
import 'rxjs';

import '@nestjs/common';
import '@nestjs/core';
import '@nestjs/schedule';
