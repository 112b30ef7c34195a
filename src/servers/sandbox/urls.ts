/** Where each service of a sandbox is, all under one origin. */
export interface SandboxUrls {
  /** Origin, such as `http://127.0.0.1:8080`, without a slash at its end. */
  readonly base: string
  /** OpenID Connect issuer. */
  readonly oidc: string
  readonly fulcio: string
  readonly ct: string
  /** Log with the API of Rekor v1. */
  readonly rekor: string
  /** Log with the API of Rekor v2. */
  readonly rekor2: string
  /** What timestamps are asked of by POST. */
  readonly timestamp: string
  /** PEM of the timestamp authority's certificates. */
  readonly timestampChain: string
  readonly tuf: string
}

/** Paths of the services. */
export const SERVICE_PATHS = {
  oidc: "/oidc",
  fulcio: "/fulcio",
  ct: "/ct",
  rekor: "/rekor",
  rekor2: "/rekor2",
  tsa: "/tsa",
  tuf: "/tuf",
} as const

/** @param base - origin of the sandbox. */
export function sandboxUrls(base: string): SandboxUrls {
  const timestamp = `${base}${SERVICE_PATHS.tsa}/api/v1/timestamp`
  return {
    base,
    oidc: base + SERVICE_PATHS.oidc,
    fulcio: base + SERVICE_PATHS.fulcio,
    ct: base + SERVICE_PATHS.ct,
    rekor: base + SERVICE_PATHS.rekor,
    rekor2: base + SERVICE_PATHS.rekor2,
    timestamp,
    timestampChain: `${timestamp}/certchain`,
    tuf: base + SERVICE_PATHS.tuf,
  }
}
