/** Services of the network that vouch for times and for certificates, as the use cases ask them. */
import type { CertificateList } from "./revocation.ts"

/** A timestamp authority. */
export interface TimestampService {
  /**
   * Send a TimeStampReq.
   *
   * @param url - http or https.
   * @param request - DER.
   * @param manners - `sigstore`: an answer may come as "created", and the request is sent again after transient
   *   failures. Default `notation`.
   * @returns DER or BER of the TimeStampResp, not judged.
   * @throws {ToolError} `E_TSA_INVALID` for an answer that is none, `E_NET_*`.
   */
  ask(url: string, request: Uint8Array, signal?: AbortSignal, manners?: "notation" | "sigstore"): Promise<Uint8Array>
}

/** Where revocation data comes from. Nothing it returns is judged. */
export interface RevocationService {
  /**
   * Ask an OCSP responder.
   *
   * @param url - from a certificate whose chain ends in a trusted root, never before.
   * @param request - DER of the OCSPRequest.
   * @returns DER of the OCSPResponse.
   * @throws {ToolError} `E_CERT_REVOCATION_UNKNOWN` for answers that are none, `E_NET_*`.
   */
  ocsp(url: string, request: Uint8Array, signal?: AbortSignal): Promise<Uint8Array>
  /**
   * A certificate revocation list and its delta, from the cache or the network, read in bounded memory.
   *
   * @param serials - whose entries are wanted.
   * @throws {ToolError} `E_CERT_REVOCATION_UNKNOWN` for lists that cannot be read, `E_NET_*`.
   */
  list(
    url: string,
    serials: readonly bigint[],
    signal?: AbortSignal,
  ): Promise<{ readonly base: CertificateList; readonly delta?: CertificateList }>
  /**
   * Forget what was handed out for a URL, because it cannot be used: it is fetched anew the next time.
   *
   * @returns true when it came out of a cache, so that asking again may bring something better.
   */
  distrust(url: string): boolean
}
