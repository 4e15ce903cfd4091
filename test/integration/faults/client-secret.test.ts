import { clientSecret, clientSecretWithoutDiscovery } from './credential-kinds.js';
import { describeColumns } from './fault-column.js';

describeColumns(clientSecret, clientSecretWithoutDiscovery);
