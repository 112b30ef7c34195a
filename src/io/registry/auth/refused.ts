import type { HttpResponse } from "../../net/http-types.ts"
import type { Credential } from "./credentials.ts"

const refused = new WeakMap<HttpResponse, Credential>()

/** Remember with what credential a request was sent that was answered 401 or 403. */
export function noteRefused(response: HttpResponse, credential: Credential): void {
  refused.set(response, credential)
}

/** Whose credentials an answer refused, without any secret; `undefined` when none were sent. */
export function refusedCredential(response: HttpResponse): string | undefined {
  const credential = refused.get(response)
  return credential === undefined ? undefined : credentialText(credential)
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
