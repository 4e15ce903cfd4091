/** The pages of the site in the order in which a newcomer needs them, by the path that each has in the repository. */
export const navigation = [
  {
    text: 'Start',
    pages: {
      'README.md': 'Overview and quick start',
      'docs/testing.md': 'Test your application',
      'docs/upgrading.md': 'Move from another way',
      'docs/faq.md': 'Questions',
    },
  },
  {
    text: 'Guides',
    pages: {
      'docs/data-source.md': 'PostgreSQL',
      'docs/mysql.md': 'MySQL',
      'docs/mssql.md': 'Azure SQL',
      'docs/drivers.md': 'Other drivers and ORMs',
      'docs/migrations.md': 'Migrations',
      'docs/redis.md': 'Redis',
      'docs/kafka.md': 'Kafka',
      'docs/amqp.md': 'Service Bus and Event Hubs',
      'docs/graph.md': 'Microsoft Graph',
      'docs/refresh-tokens.md': 'Refresh tokens',
      'docs/users.md': 'Tokens of users',
    },
  },
  {
    text: 'Operations',
    pages: {
      'docs/deploy.md': 'Deploy',
      'docs/operations.md': 'Health, metrics, events',
      'docs/dashboard.md': 'Dashboard',
      'docs/command.md': 'The command',
      'docs/errors.md': 'Errors',
    },
  },
  {
    text: 'Reference',
    pages: {
      'docs/options.md': 'Options',
      'docs/compatibility.md': 'Compatibility',
      'docs/fault-matrix.md': 'Fault matrix',
      'docs/data-source-guard.md': 'Guard of the data source',
      'docs/fidelity.md': 'Fidelity of the local Entra',
      'docs/underneath.md': 'Libraries underneath',
    },
  },
  {
    text: 'About',
    pages: {
      'docs/comparison.md': 'Comparison',
      'docs/simulation.md': 'Simulated outages',
      'docs/benchmarks.md': 'Benchmarks',
      'docs/security.md': 'Security model',
      'docs/architecture.md': 'Architecture',
      'SECURITY.md': 'Report a vulnerability',
      'CONTRIBUTING.md': 'Contribute',
      'CHANGELOG.md': 'Changes',
    },
  },
];

/** The paths of all pages. */
export const pagesOfSite = navigation.flatMap(({ pages }) => Object.keys(pages));

/** Where a page is on the site. @param {string} page its path in the repository */
export const addressOf = (page) => (page === 'README.md' ? '/' : `/${page.replace(/\.md$/, '.html')}`);
