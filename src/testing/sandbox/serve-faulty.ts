import type { Connection } from "../../servers/registry/listen.ts"
import type { Sandbox } from "../../servers/sandbox/sandbox.ts"
import { faultyAnswer } from "../authority/transport-faults.ts"
import type { FaultBudget } from "../faults/fault-budget.ts"
import type { SandboxFaults } from "./sandbox-faults.ts"

/** One request as it arrived. */
export interface SandboxRequest {
  readonly method: string
  /** Path with query. */
  readonly path: string
  /** 0 while there is no answer. */
  status: number
}

/** What is switched while a sandbox runs. */
export interface ServingState {
  faults: SandboxFaults
  budget: FaultBudget
  readonly requests: SandboxRequest[]
}

/**
 * Answer a request with the faults of the moment.
 *
 * @param elsewhere - URL of another port of this host.
 */
export async function serveFaulty(
  state: ServingState,
  sandbox: Sandbox,
  request: Request,
  connection: Connection,
  elsewhere: string,
): Promise<Response> {
  const { pathname, search } = new URL(request.url)
  const entry = { method: request.method, path: pathname + search, status: 0 }
  state.requests.push(entry)
  const { faults } = state
  const good = (): Promise<Response> => conflicting(state, sandbox, request)
  const met = faults.where?.({ method: request.method, path: pathname }) !== false
  if (met && faults.delayMs !== undefined) await delay(faults.delayMs)
  const answer = !met ? await sandbox.fetch(request) : await faulty(faults, request, good, connection, elsewhere)
  entry.status = answer.status
  return answer
}

async function faulty(
  { transport }: SandboxFaults,
  request: Request,
  good: () => Promise<Response>,
  connection: Connection,
  elsewhere: string,
): Promise<Response> {
  if (transport === undefined) return good()
  if (transport === "truncated") return truncated(await good(), connection)
  return faultyAnswer(transport, request, good, elsewhere)
}

/** Ask twice where an entry is to be logged: the second answer is that it is there. */
async function conflicting(state: ServingState, sandbox: Sandbox, request: Request): Promise<Response> {
  const { faults, budget } = state
  const adds = request.method === "POST" && /\/api\/v[12]\/log\/entries$/.test(new URL(request.url).pathname)
  if (!adds || faults.conflict === undefined || !budget.take("conflict", faults.conflict.times)) {
    return sandbox.fetch(request)
  }
  const body = await request.arrayBuffer()
  const again = (): Request => new Request(request.url, { method: "POST", headers: request.headers, body })
  await sandbox.fetch(again())
  return sandbox.fetch(again())
}

async function truncated(good: Response, connection: Connection): Promise<Response> {
  const bytes = new Uint8Array(await good.arrayBuffer())
  const headers = new Headers(good.headers)
  headers.set("content-length", String(bytes.length))
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(bytes.subarray(0, Math.floor(bytes.length / 2)))
    },
    pull() {
      connection.reset()
    },
  })
  return new Response(body, { status: good.status, headers })
}

async function delay(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms))
}
