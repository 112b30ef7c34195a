/** How services around certificates can misbehave. Everything absent behaves well. */
export interface AuthorityFaults {
  readonly ocsp?: TransportFault | OcspFault
  /** Of complete lists and of deltas. */
  readonly crl?: TransportFault | CrlFault
  readonly tsa?: TransportFault | TsaFault
  /** Only requests for which this is true get a fault. Default: all. */
  readonly where?: (request: { readonly method: string; readonly path: string }) => boolean
}

/**
 * What can go wrong on the way, whatever is served: `hang` never answers, `trickle` sends a byte now and then for ever,
 * `status-500`, `status-404` and `status-206` come with a good body, `garbage` is no DER, `huge` goes on past every limit,
 * and the redirects lead to another port of this host, to a cloud's metadata service, or round and round.
 */
export type TransportFault =
  | "hang"
  | "trickle"
  | "status-500"
  | "status-404"
  | "status-206"
  | "garbage"
  | "huge"
  | "redirect-loopback"
  | "redirect-metadata"
  | "redirect-forever"

/**
 * Wrong answers of a responder: signed by a key of another authority (`wrong-signer`), by a certificate of the same
 * authority that is not for OCSP (`delegate-without-eku`), about another certificate (`other-serial`), past its
 * nextUpdate (`stale`), from tomorrow (`future`), `unknown` as the status, without nextUpdate, or an error of the protocol.
 */
export type OcspFault =
  | "wrong-signer"
  | "delegate-without-eku"
  | "other-serial"
  | "stale"
  | "future"
  | "unknown"
  | "missing-next-update"
  | "critical-extension"
  | "try-later"
  | "unauthorized"

/** Wrong lists. `delta-as-base` is a list with a delta indicator where a complete one belongs. */
export type CrlFault =
  | "expired"
  | "future"
  | "unsigned"
  | "wrong-issuer"
  | "unknown-critical"
  | "missing-next-update"
  | "indirect"
  | "some-reasons"
  | "other-point"
  | "delta-as-base"

/** Wrong answers of a timestamp authority. `wrong-certificate`: the token carries another authority's certificates. */
export type TsaFault =
  "rejection" | "wrong-nonce" | "wrong-imprint" | "wrong-policy" | "wrong-certificate" | "wrong-signature"

const TRANSPORT: ReadonlySet<string> = new Set([
  "hang",
  "trickle",
  "status-500",
  "status-404",
  "status-206",
  "garbage",
  "huge",
  "redirect-loopback",
  "redirect-metadata",
  "redirect-forever",
] satisfies TransportFault[])

/** Whether a fault is one of the way rather than of the answer. */
export function isTransportFault(fault: string | undefined): fault is TransportFault {
  return fault !== undefined && TRANSPORT.has(fault)
}
