import { BadGatewayException, Injectable } from '@nestjs/common';
import { EntraTokenService } from 'nestjs-entra-auth';

import { GraphClients, type GraphClient } from '../graph/graph.client.js';
import type { Organization } from './organization.dto.js';

const scopes = ['https://graph.microsoft.com/.default'];

@Injectable()
export class OrganizationService {
  private readonly graph: GraphClient;

  constructor(tokens: EntraTokenService, graph: GraphClients) {
    this.graph = graph.as({ credential: tokens, scopes });
  }

  /** The tenant; `/me` would be refused, since no person has signed in. Needs the permission Organization.Read.All. */
  async organization(): Promise<Organization> {
    const { value } = await this.graph.get('/organization');
    const [first] = Array.isArray(value) ? (value as Record<string, unknown>[]) : [];
    const { id, displayName } = first ?? {};
    if (typeof id !== 'string' || typeof displayName !== 'string') {
      throw new BadGatewayException('Microsoft Graph sent an answer that cannot be read.');
    }
    return { id, displayName };
  }
}
