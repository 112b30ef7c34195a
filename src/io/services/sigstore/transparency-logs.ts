import { encodeUtf8 } from "../../../codec/utf8.ts"
import { ToolError } from "../../../core/errors.ts"
import { limits } from "../../../core/limits.ts"
import type { LogEntry } from "../../../core/sigstore.ts"
import type { LogProposal, TransparencyLogs } from "../../../core/sigstore-ports.ts"
import { parseLogEntry } from "../../../envelopes/log-entry/log-entry-json.ts"
import { entriesToFind, logRequestV2, proposedEntry } from "../../../envelopes/log-entry/proposals.ts"
import { parseRekorAnswer, parseRekorAnswers } from "../../../envelopes/log-entry/rekor-answer.ts"
import { redactUrl } from "../../net/redact.ts"
import { checkAnswers } from "./check-answers.ts"
import {
  exchange,
  messageOf,
  readAnswer,
  refused,
  serviceUrl,
  type ServiceAnswer,
  type ServiceOptions,
  type ServiceRequest,
} from "./service-exchange.ts"

const SERVICE = "transparency log"
const JSON_TYPE = "application/json"
/** Milliseconds; version 2 logs answer when their next checkpoint is out. */
const TIMEOUT_MS = 90_000
const ENTRIES_V1 = "/api/v1/log/entries"
/** Characters of a name that is an entry's: 64 or 80 hexadecimal digits. */
const UUID = /(?:^|[^0-9a-f])((?:[0-9a-f]{16})?[0-9a-f]{64})(?:[^0-9a-f]|$)/

/**
 * Transparency logs over HTTP: Rekor version 1 and 2.
 *
 * Requests are sent again after transient failures. A version 1 log answers that an entry is there already, which is then
 * fetched; a version 2 log keeps it back, which is `E_SERVICE_REFUSED` with `duplicate` in its details.
 *
 * Spec: sigstore/rekor `openapi.yaml`; sigstore/rekor-tiles `CLIENTS.md`.
 */
export function createTransparencyLogs(options: ServiceOptions): TransparencyLogs {
  const ask: Ask = (request) =>
    exchange({ timeoutMs: TIMEOUT_MS, ...options }, { service: SERVICE, ...request }, limits.bundleBytes)
  return {
    add: ({ url, majorApiVersion }, proposal, signal) =>
      majorApiVersion === 2 ? addV2(ask, url, proposal, signal) : addV1(ask, url, proposal, signal),
    find: async (base, proposal, signal) => {
      const url = serviceUrl(base, `${ENTRIES_V1}/retrieve`)
      const answer = await ask({ ...post(url, `{"entries":[${entriesToFind(proposal).join()}]}`), signal })
      if (answer.status === 404) return []
      if (answer.status !== 200) throw refused(answer, SERVICE, url)
      return readAnswer(SERVICE, url, () => parseRekorAnswers(answer.body)).map(({ entry }) => entry)
    },
    entryAt: async (base, logIndex, signal) => {
      const url = `${serviceUrl(base, ENTRIES_V1)}?logIndex=${logIndex}`
      const entry = await fetchV1(ask, url, signal)
      if (entry.logIndex === logIndex) return entry
      throw new ToolError("E_SERVICE_PROTOCOL", {
        what: `the ${SERVICE} answered with another entry`,
        why: `${redactUrl(url)} gave index ${entry.logIndex}`,
      })
    },
  }
}

type Ask = (request: Omit<ServiceRequest, "service">) => Promise<ServiceAnswer>

function post(url: string, body: string): Omit<ServiceRequest, "service"> {
  return {
    method: "POST",
    url,
    headers: { "content-type": JSON_TYPE, accept: JSON_TYPE },
    body: { bytes: encodeUtf8(body, "log entry") },
  }
}

async function addV1(ask: Ask, base: string, proposal: LogProposal, signal?: AbortSignal): Promise<LogEntry> {
  const url = serviceUrl(base, ENTRIES_V1)
  const answer = await ask({ ...post(url, proposedEntry(proposal)), signal })
  const entry = answer.status === 409 ? await existing(ask, base, answer, signal) : created(answer, url)
  checkAnswers(entry, proposal, url)
  if (entry.signedEntryTimestamp !== undefined && (entry.inclusionProof?.checkpoint ?? "") !== "") return entry
  throw new ToolError("E_SERVICE_PROTOCOL", {
    what: `the ${SERVICE} gave no proof of the entry`,
    why: `${redactUrl(url)}: expected a promise (SET) and an inclusion proof with a checkpoint`,
  })
}

function created(answer: ServiceAnswer, url: string): LogEntry {
  if (answer.status !== 201 && answer.status !== 200) throw refused(answer, SERVICE, url)
  return readAnswer(SERVICE, url, () => parseRekorAnswer(answer.body)).entry
}

/** SECURITY: of what the log says only the entry's name is used, so that it cannot send us elsewhere. */
async function existing(ask: Ask, base: string, answer: ServiceAnswer, signal?: AbortSignal): Promise<LogEntry> {
  const uuid = UUID.exec(answer.header("location") ?? "")?.[1] ?? UUID.exec(messageOf(answer))?.[1]
  if (uuid !== undefined) return fetchV1(ask, serviceUrl(base, `${ENTRIES_V1}/${uuid}`), signal)
  throw new ToolError("E_SERVICE_PROTOCOL", {
    what: `the ${SERVICE} has this entry already and does not say where`,
    why: `${redactUrl(base)} answered 409 without the entry's name`,
  })
}

async function fetchV1(ask: Ask, url: string, signal?: AbortSignal): Promise<LogEntry> {
  const answer = await ask({ method: "GET", url, headers: { accept: JSON_TYPE }, signal })
  if (answer.status !== 200) throw refused(answer, SERVICE, url)
  return readAnswer(SERVICE, url, () => parseRekorAnswer(answer.body)).entry
}

async function addV2(ask: Ask, base: string, proposal: LogProposal, signal?: AbortSignal): Promise<LogEntry> {
  const url = serviceUrl(base, "/api/v2/log/entries")
  const answer = await ask({ ...post(url, logRequestV2(proposal)), signal })
  if (answer.status === 409) throw duplicate(answer, url)
  if (answer.status !== 201 && answer.status !== 200) throw refused(answer, SERVICE, url)
  const entry = readAnswer(SERVICE, url, () => parseLogEntry(answer.body))
  checkAnswers(entry, proposal, url)
  return entry
}

function duplicate(answer: ServiceAnswer, url: string): ToolError {
  const index = answer.header("x-log-index")
  const where = index !== undefined && /^\d{1,20}$/.test(index) ? ` at index ${index}` : ""
  return new ToolError("E_SERVICE_REFUSED", {
    what: `the ${SERVICE} has an entry of this signature already`,
    why: `${redactUrl(url)} holds it${where} and gives it out to nobody who asks again`,
    next: ["sign again: another signature gets an entry of its own; keys that always make the same one cannot"],
    details: { status: answer.status, duplicate: true },
  })
}
