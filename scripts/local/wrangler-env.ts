/** The environment in which wrangler runs here: quiet, and talking to nobody. */
export function wranglerEnv(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    CI: 'true',
    CLOUDFLARE_CF_FETCH_ENABLED: 'false',
    WRANGLER_SEND_METRICS: 'false',
    WRANGLER_SEND_ERROR_REPORTS: 'false',
    WRANGLER_HIDE_BANNER: 'true',
    WRANGLER_WRITE_LOGS: 'false',
    // It would keep every request's URL, and media URLs carry a capability.
    X_LOCAL_OBSERVABILITY: 'false',
  }
}
