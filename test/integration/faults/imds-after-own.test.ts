import { imdsAfterOwn } from './credential-kinds.js';
import { describeColumns } from './fault-column.js';

describeColumns(imdsAfterOwn);
