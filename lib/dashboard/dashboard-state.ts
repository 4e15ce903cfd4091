/** A point of time as ISO 8601, since the page receives JSON. */
export type IsoTime = string;

/** What the page shows, and what `<path>/state` answers. Free of secrets. */
export interface DashboardState {
  /** The heading of the page. */
  title: string;
  /** The machine and the process. */
  instance: string;
  /** The clock of the application at this moment. */
  at: IsoTime;
  /** Where the token of each resource stands. */
  resources: readonly ResourceView[];
  /** How many more tokens are held than are shown. */
  moreResources: number;
  /** Logins since the start, by how they ended. */
  logins: LoginsView;
  /** The newest first. */
  events: readonly EventLine[];
  /** The figures of the extensions. */
  figures: readonly FigureView[];
  /** The buttons of the extensions. */
  actions: readonly ActionView[];
}

/** `TokenState['state']`, spelt out: the page is compiled apart from the rest of the library. */
export type StateName = 'pending' | 'fresh' | 'due' | 'degraded' | 'reauthentication-required' | 'expired';

/** The token of one resource, the tokens before it and the attempts to replace them. */
export interface ResourceView {
  resource: string;
  configured: boolean;
  state: StateName;
  acquiredAt?: IsoTime;
  expiresAt?: IsoTime;
  nextRefreshAt?: IsoTime;
  refreshes: number;
  failures: number;
  consecutiveFailures: number;
  lastError?: string;
  clockAheadInMs?: number;
  /** What is wrong with the credential, and what to do. */
  credentialTrouble?: string;
  /** The oldest first. */
  lives: readonly TokenLife[];
  /** The oldest first. */
  attempts: readonly Attempt[];
}

/** The life of one token. */
export interface TokenLife {
  /** Counts the tokens of a resource. */
  number: number;
  from: IsoTime;
  until: IsoTime;
  /** When a newer token took its place; absent for the held one, and for one that expired before. */
  replacedAt?: IsoTime;
}

/** What became of an attempt to get a token, or of the held token. */
export interface Attempt {
  at: IsoTime;
  outcome: 'obtained' | 'unchanged' | 'failed' | 'rejected';
}

/** The physical logins to databases since the application started. */
export interface LoginsView {
  accepted: number;
  /** Refused by the server or its pooler. */
  refused: number;
  /** Ended by anything else. */
  failed: number;
  /** The last two minutes, the oldest first. A second without logins is left out. */
  seconds: readonly LoginSecond[];
}

export interface LoginSecond {
  at: IsoTime;
  accepted: number;
  /** Refused and failed ones. */
  others: number;
}

/** Something that happened. */
export interface EventLine {
  /** Counts the events; the same for repetitions of one. */
  number: number;
  at: IsoTime;
  type: string;
  /** The resource, or the data source of a login. */
  subject: string;
  severity: 'info' | 'warning' | 'error';
  text: string;
  /** How often it happened in a row. */
  times: number;
}

export interface FigureView {
  label: string;
  value: string;
  /** Whether the value needs attention. */
  alarm: boolean;
}

export interface ActionView {
  name: string;
  label: string;
  description: string;
  /** Whether what it does lasts at this moment. */
  active: boolean;
}
