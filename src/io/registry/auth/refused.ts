import type { HttpResponse } from "../../net/http-types.ts"
import type { Credential } from "./credentials.ts"

/** What became of the user's credential in a request that was answered 401 or 403. */
export interface RefusedCredential {
  /** Whose it is and where it was found, without any secret. */
  readonly who: string
  /** False when it does not fit what the registry asks for, such as a user name where it names no known scheme. */
  readonly sent: boolean
}

const refused = new WeakMap<HttpResponse, RefusedCredential>()

/** Remember which credential there was for a request that was answered 401 or 403. */
export function noteRefused(response: HttpResponse, credential: Credential, sent: boolean): void {
  refused.set(response, { who: credentialText(credential), sent })
}

/** The credential that an answer refused; `undefined` when there was none. */
export function refusedCredential(response: HttpResponse): RefusedCredential | undefined {
  return refused.get(response)
}

/** A credential in words that follow "with": `the credentials of alice (from the command line)`. */
export function credentialText(credential: Credential): string {
  const from = `(from ${credential.source})`
  if (credential.kind === "registry-token") return `the registry token ${from}`
  const whose = credential.username === undefined ? "" : ` of ${credential.username}`
  return `the ${credential.kind === "basic" ? "credentials" : "identity token"}${whose} ${from}`
}

/** What to do about a registry that wants credentials, or others. */
export function loginAdvice(host: string): string {
  return `run \`countersign login --username NAME ${host}\``
}
