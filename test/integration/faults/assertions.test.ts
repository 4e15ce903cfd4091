import { certificate, workloadIdentity } from './credential-kinds.js';
import { describeColumns } from './fault-column.js';

describeColumns(certificate, workloadIdentity);
