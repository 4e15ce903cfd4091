import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startLocalEntra, type LocalEntra } from '../../../lib/testing/index.js';
import { accessToken, askForToken, send } from './local-entra.fixture.js';

interface MailAnswer {
  value: { subject: string }[];
  '@odata.nextLink'?: string;
}

const letters = Array.from({ length: 12 }, (_, n) => ({
  subject: `letter ${n}`,
  from: 'ada@contoso.example',
  receivedAt: new Date(Date.UTC(2026, 0, 1 + n)),
  isRead: n < 3,
}));
const omar = { name: 'Omar Offen', userPrincipalName: 'omar@contoso.example', mail: letters };
const scope = 'Mail.Read';

describe('the mail of Microsoft Graph', () => {
  let entra: LocalEntra;

  beforeAll(async () => {
    entra = await startLocalEntra({ users: [omar] });
  });
  afterAll(() => entra.stop());

  const get = (path: string, token: string) =>
    send(entra, `${entra.graphUrl}/v1.0${path}`, { headers: { authorization: `Bearer ${token}` } });
  const tokenOf = (named: string): Promise<string> => {
    const user = entra.users.find(({ name }) => name === named);
    const refreshToken = entra.refreshTokens.issue({ user, scopes: [scope] });
    return accessToken(
      askForToken(entra, { grant_type: 'refresh_token', refresh_token: refreshToken, scope }),
    );
  };

  it('shows a person the own mailbox by page, the newest message first', async () => {
    const token = await tokenOf(omar.name);
    const read = async (query: string) => (await get(`/me/messages${query}`, token)).json<MailAnswer>();

    const first = await read('');
    expect(first.value.map(({ subject }) => subject)).toEqual(
      [11, 10, 9, 8, 7, 6, 5, 4, 3, 2].map((n) => `letter ${n}`),
    );
    expect(first.value[9]).toEqual({
      id: expect.any(String) as unknown,
      receivedDateTime: '2026-01-03T00:00:00.000Z',
      subject: 'letter 2',
      isRead: true,
      from: { emailAddress: { name: 'ada@contoso.example', address: 'ada@contoso.example' } },
    });
    const next = first['@odata.nextLink']?.replace(`${entra.graphUrl}/v1.0/me/messages`, '') ?? '';
    const second = await read(next);
    expect(second.value.map(({ subject }) => subject)).toEqual(['letter 1', 'letter 0']);
    expect(second['@odata.nextLink']).toBeUndefined();
    expect((await read('?$top=1&$select=subject')).value).toEqual([
      { id: expect.any(String) as unknown, subject: 'letter 11' },
    ]);
    for (const query of [
      '?$top=0',
      '?$top=1001',
      '?$top=x',
      '?$skip=-1',
      '?$select=size',
      '?$filter=isRead',
    ]) {
      expect([query, (await get(`/me/messages${query}`, token)).status]).toEqual([query, 400]);
    }
    expect((await get('/me/messages', await tokenOf('Nora Notes'))).json()).toMatchObject({ value: [] });
  });
});
