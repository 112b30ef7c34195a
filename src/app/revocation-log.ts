import { goQuote } from "../codec/go-quote.ts"
import type { Logger } from "../core/ports.ts"
import type { Certificate } from "../crypto/x509/certificate.ts"
import type { RevocationJudgement } from "../trust/revocation/judgement.ts"

/** What is told of one certificate of a chain while places are asked about it. */
export class RevocationLog {
  readonly #logger: Logger | undefined
  readonly #name: string

  /** @param index - of the certificate in its chain, 0 for the leaf. */
  constructor(logger: Logger | undefined, index: number, certificate: Certificate) {
    this.#logger = logger
    this.#name = `#${index + 1} in chain with subject ${goQuote(certificate.subject.text)}`
  }

  /** Responders did not tell, lists are asked. */
  fallback(): void {
    this.#debug(`OCSP check failed with unknown error and fallback to CRL check for certificate ${this.#name}`)
  }

  /** What one place said, unless it is good. */
  answer(method: "OCSP" | "CRL", url: string, { status, why }: Pick<RevocationJudgement, "status" | "why">): void {
    if (status === "good") return
    const reason = status === "revoked" ? `certificate is revoked via ${method} (${why})` : why
    const where = `revocation method ${method} at URL ${goQuote(url)}`
    this.#debug(`Certificate ${this.#name} encountered an error for ${where}: ${reason}`)
  }

  #debug(message: string): void {
    this.#logger?.debug("revocation.answer", { message })
  }
}
