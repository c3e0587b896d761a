/** Imports point one way (docs/architecture.md): workers -> src/<capability> -> src/platform; routes -> service -> queries -> schema. */
export default {
  forbidden: [
    { name: 'no-circle', severity: 'error', from: { pathNot: '^sdk/generated/' }, to: { circular: true } },
    {
      name: 'no-lost-import',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^cloudflare:' },
    },
    {
      name: 'src-knows-no-worker',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(workers|scripts|sdk|bench|test)/' },
    },
    {
      name: 'platform-knows-no-capability',
      severity: 'error',
      from: { path: '^src/platform/' },
      to: { path: '^src/(?!platform/)' },
    },
    {
      name: 'queries-stay-in-their-slice',
      comment: 'A slice calls another by its services and refers to its schema.',
      severity: 'error',
      from: { path: '^(?:src|workers)/([^/]+)' },
      to: { path: '^src/[^/]+/[a-z-]*queries\\.ts$', pathNot: '^src/$1/' },
    },
    {
      name: 'services-know-no-routes',
      severity: 'error',
      from: { path: '^src/', pathNot: 'routes\\.ts$' },
      to: { path: '^src/.*routes\\.ts$' },
    },
    {
      name: 'queries-know-no-services',
      severity: 'error',
      from: { path: '^src/([^/]+)/[a-z-]*queries\\.ts$' },
      to: { path: '^src/$1/[a-z-]*service\\.ts$' },
    },
    {
      name: 'schemas-know-schemas',
      severity: 'error',
      from: { path: '^src/[^/]+/schema\\.ts$' },
      to: { path: '^src/', pathNot: '(schema|protocol)\\.ts$|^src/platform/' },
    },
    {
      name: 'protocols-stand-alone',
      comment: 'Both ends import them, so they know neither side.',
      severity: 'error',
      from: { path: '^src/transcoding/protocol\\.ts$' },
      to: { path: '^src/' },
    },
    {
      name: 'transcoder-knows-its-protocol',
      severity: 'error',
      from: { path: '^workers/transcoder/' },
      to: {
        path: '^(src|workers|sdk|scripts)/',
        pathNot: '^workers/transcoder/|^src/transcoding/protocol\\.ts$',
      },
    },
    {
      name: 'sdk-stands-alone',
      severity: 'error',
      from: { path: '^sdk/' },
      to: { path: '^(src|workers|scripts|bench|test)/' },
    },
    {
      name: 'itty-durable-is-fenced',
      severity: 'error',
      from: { path: '^(src|workers)/', pathNot: '^(src/platform/itty|workers/playback-session)\\.ts$' },
      to: { path: 'node_modules/itty-durable' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.mjs', '.js'],
      exportsFields: ['exports'],
      conditionNames: ['workerd', 'import', 'types', 'default'],
    },
  },
}
