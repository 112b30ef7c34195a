import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { SandboxFacts, SandboxTokenOptions } from "../../app/sandbox-host.ts"
import type { Clock, Logger } from "../../core/ports.ts"
import { listenRegistry } from "../../servers/registry/listen.ts"
import { lockFolder } from "../../servers/sandbox/material/data-folder.ts"
import type { RekorOptions } from "../../servers/sandbox/rekor/options.ts"
import {
  createSandbox,
  type Sandbox,
  type SandboxAlterations,
  type SandboxService,
} from "../../servers/sandbox/sandbox.ts"
import { sandboxEnvironment, sandboxFacts, sandboxToken, writeDocuments } from "../../servers/sandbox/sandbox-folder.ts"
import { faultyStamp } from "../authority/answer-faults.ts"
import { listenLoopback } from "../authority/listen-loopback.ts"
import { randomness } from "../authority/test-hierarchy.ts"
import { createFaultBudget } from "../faults/fault-budget.ts"
import { faultyEntry, faultySct, unsigned } from "./answer-changes.ts"
import type { SandboxFaults } from "./sandbox-faults.ts"
import { sandboxLogin, type SandboxLogin } from "./sandbox-login.ts"
import { type SandboxRequest, serveFaulty, type ServingState } from "./serve-faulty.ts"

/** How the sandbox is made. */
export interface TestSandboxOptions {
  /** Faults from the beginning; `reset` comes back to them. */
  readonly faults?: SandboxFaults
  /** Default: the system's time. */
  readonly clock?: Clock
  /** Keep and reuse this folder instead of a temporary one. */
  readonly folder?: string
  /** Log what is logged already once more instead of refusing it. Default false. */
  readonly duplicates?: boolean
  /** The version 2 log takes `dsseRequestV002`, as it did until June 2026. Default false. */
  readonly oldDsse?: boolean
  /** Cosign the version 2 log's checkpoints. */
  readonly witnesses?: RekorOptions["witnesses"]
  /** Seconds between two questions of a client that waits for a login on another device. Default 1. */
  readonly deviceInterval?: number
}

/** A private Sigstore on a free port of 127.0.0.1. */
export interface TestSandbox extends SandboxFacts {
  /** `127.0.0.1:port`. */
  readonly address: string
  readonly folder: string
  /** `trusted_root.json`. */
  readonly trustedRoot: Uint8Array
  /** `signing_config.json`: Rekor v1. */
  readonly signingConfig: Uint8Array
  /** `signing_config.v2.json`: Rekor v2 and timestamps. */
  readonly signingConfigV2: Uint8Array
  /** What TUF clients are begun with. */
  readonly tufRoot: Uint8Array
  /** Variables that cosign 2 takes its trust from. */
  readonly environment: Readonly<Record<string, string>>
  /** An identity token. Default: of `test@example.com`. */
  token(about?: Omit<SandboxTokenOptions, "data">): Promise<string>
  /** A person at the login page. */
  readonly login: SandboxLogin
  /** Every request since the start or the last `reset`, in order of arrival. */
  readonly requests: readonly SandboxRequest[]
  /** Replace all faults. Counters of bounded faults start again. */
  setFaults(faults: SandboxFaults): void
  /** Faults as at the start, no requests recorded; keys and logs stay. */
  reset(): void
  close(): Promise<void>
}

const silent: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined }
/** Milliseconds a closing server waits for clients; hanging ones are part of the faults. */
const CLOSE_MS = 50

/** Start a private Sigstore for tests, with faults that can be switched. Close it in the end. */
export async function startTestSandbox(options: TestSandboxOptions = {}): Promise<TestSandbox> {
  const clock = options.clock ?? { now: () => Date.now() }
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), "countersign-test-sandbox-")))
  const lock = await lockFolder(folder)
  const initial = options.faults ?? {}
  const state: ServingState = { faults: initial, budget: createFaultBudget(), requests: [] }
  const opening = Promise.withResolvers<Sandbox>()
  opening.promise.catch(() => undefined)
  const elsewhere = await listenLoopback(() => Promise.resolve(new Response("elsewhere")))
  const server = await listenRegistry({
    listen: "127.0.0.1:0",
    logger: silent,
    clock,
    timeouts: { close: CLOSE_MS },
    handler: async (request, connection) =>
      serveFaulty(state, await opening.promise, request, connection, elsewhere.url),
  })
  const url = `http://${server.address}`
  const stop = async (): Promise<void> => {
    await Promise.all([server.close(), elsewhere.close()])
    lock.release()
    if (options.folder === undefined) await rm(folder, { recursive: true, force: true })
  }
  const sandbox = await open(options, { folder, url, clock, state }).catch(async (thrown: unknown) => {
    opening.reject(thrown)
    await stop()
    throw thrown
  })
  opening.resolve(sandbox)
  const set = (faults: SandboxFaults): void => {
    state.faults = faults
    state.budget = createFaultBudget()
  }
  return {
    ...sandboxFacts(folder, url),
    address: server.address,
    folder,
    trustedRoot: sandbox.documents.trustedRoot,
    signingConfig: sandbox.documents.signingConfig,
    signingConfigV2: sandbox.documents.signingConfigV2,
    tufRoot: sandbox.tufRoot,
    environment: Object.fromEntries((await sandboxEnvironment(folder)).variables),
    token: (about = { email: "test@example.com" }) => sandboxToken({ data: folder, ...about }, clock),
    login: sandboxLogin(sandbox.fetch),
    requests: state.requests,
    setFaults: set,
    reset: () => {
      set(initial)
      state.requests.length = 0
    },
    close: async () => {
      await sandbox.close()
      await stop()
    },
  }
}

async function open(
  { duplicates, oldDsse, witnesses, deviceInterval }: TestSandboxOptions,
  parts: { readonly folder: string; readonly url: string; readonly clock: Clock; readonly state: ServingState },
): Promise<Sandbox> {
  const { folder, url, clock, state } = parts
  const sandbox = await createSandbox({
    folder,
    url,
    clock,
    randomness,
    logger: silent,
    durability: "fast",
    deviceInterval: deviceInterval ?? 1,
    rekor: {
      ...(oldDsse === undefined ? {} : { oldDsse }),
      ...(witnesses === undefined ? {} : { witnesses }),
    },
    alter: alterations(state, clock, duplicates === true),
  })
  await writeDocuments(folder, url, sandbox.documents)
  return sandbox
}

/** What the services ask each time, so that faults can be switched while they run. */
function alterations(state: ServingState, clock: Clock, duplicates: boolean): SandboxAlterations {
  const skewed = (service: SandboxService): Clock => ({
    now: () => clock.now() + (state.faults.clockSkewMs?.[service] ?? 0),
  })
  const stamp = (): ReturnType<typeof faultyStamp> =>
    state.faults.timestamp === undefined ? {} : faultyStamp(state.faults.timestamp, [])
  return {
    sct: (sct) => faultySct(state.faults.sct, sct),
    sctPlace: () => (state.faults.sct === "detached" ? "detached" : "embedded"),
    timestamp: {
      info: (info, request) => stamp().info?.(info, request) ?? info,
      parts: (signed) => stamp().parts?.(signed) ?? signed,
      token: (token) => stamp().token?.(token) ?? token,
      answer: (answer) => stamp().answer?.(answer) ?? answer,
    },
    rekor: {
      entry: (answer) => faultyEntry(state.faults.log, answer),
      checkpoint: (note) => (state.faults.log === "bad-checkpoint" ? unsigned(note) : note),
      ...(duplicates ? { keepDuplicates: true } : {}),
    },
    clocks: {
      oidc: skewed("oidc"),
      fulcio: skewed("fulcio"),
      ct: skewed("ct"),
      rekor: skewed("rekor"),
      tsa: skewed("tsa"),
    },
  }
}
