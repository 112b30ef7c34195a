import { equalBytes } from "../../../codec/equal-bytes.ts"
import { asToolError, ToolError } from "../../../core/errors.ts"
import type { LogEntry } from "../../../core/sigstore.ts"
import type { LogProposal } from "../../../core/sigstore-ports.ts"
import { digestOf } from "../../../crypto/hash.ts"
import type { EntryBody } from "../../../envelopes/log-entry/entry-body.ts"
import { parseEntryBody } from "../../../envelopes/log-entry/parse-entry-body.ts"
import { hashedRekordV2Of } from "../../../envelopes/log-entry/proposals.ts"
import { redactUrl } from "../../net/redact.ts"

/**
 * That an entry is about what was proposed: an answer about something else would make a signature that nobody can verify.
 * Whether the entry is in the log is not looked at.
 *
 * @throws {ToolError} `E_SERVICE_PROTOCOL`.
 */
export function checkAnswers(entry: LogEntry, proposal: LogProposal, url: string): void {
  const problem = problemOf(entry, proposal)
  if (problem === undefined) return
  throw new ToolError("E_SERVICE_PROTOCOL", {
    what: "the transparency log answered with an entry about something else",
    why: `${redactUrl(url)}: ${problem}`,
    next: ["do not use this log until its operator explains it"],
  })
}

function problemOf(entry: LogEntry, proposal: LogProposal): string | undefined {
  try {
    return difference(parseEntryBody(entry.canonicalizedBody), proposal)
  } catch (thrown) {
    return asToolError(thrown).message
  }
}

function difference(body: EntryBody, proposal: LogProposal): string | undefined {
  const kind = body.version === "0.0.2" && body.kind === "hashedrekord" ? "hashedrekord" : proposal.kind
  if (body.kind !== kind) return `the entry is of kind ${body.kind}, expected ${kind}`
  switch (body.kind) {
    case "hashedrekord": {
      const digest = proposal.kind === "hashedrekord" ? proposal.digest : hashedRekordV2Of(proposal).data.digest
      if (!equalBytes(body.data.digest, digest)) return "the entry's digest is another one"
      return equalBytes(body.signature.signature, proposal.signature)
        ? undefined
        : "the entry's signature is another one"
    }
    case "dsse":
    case "intoto": {
      if (proposal.kind === "hashedrekord") return "the entry is about an envelope"
      const { payloadHash } = body
      if (
        payloadHash === undefined ||
        !equalBytes(payloadHash.digest, digestOf(payloadHash.algorithm, proposal.payload))
      ) {
        return "the entry's payload is another one"
      }
      const signed =
        "signatures" in body && body.signatures.some((one) => equalBytes(one.signature, proposal.signature))
      return signed ? undefined : "the entry's signature is another one"
    }
  }
}
