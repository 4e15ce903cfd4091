import type { LocalUser } from 'nestjs-entra-auth/testing';

const at = (hour: number): Date => new Date(Date.UTC(2026, 0, 5, hour));

/** Who may sign in on the local platform, and what is in their mailboxes. */
export const localPeople: Partial<LocalUser>[] = [
  {
    name: 'Nora Notes',
    userPrincipalName: 'nora@contoso.example',
    objectId: 'bbbbbbbb-1111-2222-3333-cccccccccccc',
    mail: [
      { subject: 'Minutes of Monday', from: 'omar@contoso.example', receivedAt: at(9), isRead: true },
      { subject: 'Lunch?', from: 'omar@contoso.example', receivedAt: at(11) },
    ],
  },
  {
    name: 'Omar Offen',
    userPrincipalName: 'omar@contoso.example',
    objectId: 'dddddddd-1111-2222-3333-eeeeeeeeeeee',
    mail: [{ subject: 'Your parcel has arrived', from: 'post@fabrikam.example', receivedAt: at(10) }],
  },
];

/** A front end that calls the application: one that people install, without a secret. */
export const localFrontEnd = {
  name: 'notes-front-end',
  clientId: 'eeeeeeee-0000-1111-2222-ffffffffffff',
  publicClient: true,
};
