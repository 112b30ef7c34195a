/** The world of a login, for tests. Not for production code. */
import { randomBytes } from "node:crypto"
import type { LoginConversation, TokenOrder } from "../../../core/sigstore-ports.ts"
import { createFiles } from "../../system/files.ts"
import { createHttpClient } from "../../net/http-client.ts"
import type { OidcContext } from "./context.ts"

/** A context without providers, whose login speaks into a list. */
export interface TestContext extends OidcContext {
  /** What was said, in order. */
  readonly said: readonly string[]
  /** Seconds that were slept. */
  readonly slept: readonly number[]
  /** Events that were logged. */
  readonly events: readonly string[]
  close(): Promise<void>
}

/** What differs from a context on a terminal, with a browser that fetches and follows. */
export type TestFacts = Partial<OidcContext> & {
  /** What a person enters when asked, given the page. */
  readonly enters?: (url: string) => Promise<string>
  readonly interactive?: boolean
}

/** Make a context; it must be closed. */
export function makeContext({ enters, interactive = true, ...facts }: TestFacts = {}): TestContext {
  const said: string[] = []
  const slept: number[] = []
  const events: string[] = []
  const http = createHttpClient({ userAgent: "test", tries: 1 })
  const log = (event: string, fields?: unknown): void => {
    events.push(`${event} ${JSON.stringify(fields)}`)
  }
  let now = Date.now()
  return {
    http: () => Promise.resolve(http),
    directHttp: () => Promise.resolve(http),
    env: {},
    files: createFiles({
      stdin: { chunks: () => [] as unknown as AsyncIterable<Uint8Array> },
      stdout: { write: () => Promise.resolve() },
    }),
    prompter: { interactive },
    clock: { now: () => now },
    randomness: { bytes: (count) => new Uint8Array(randomBytes(count)) },
    // Time passes only by sleeping.
    sleep: (ms, signal) => {
      signal?.throwIfAborted()
      slept.push(ms / 1000)
      now += ms
      return Promise.resolve()
    },
    logger: { debug: log, info: log, warn: log },
    home: "/nonexistent",
    conversation: recorder(said, enters),
    openBrowser: browse,
    callbackMs: 20_000,
    places: { tokenFile: "/nonexistent/token", spiffeSocket: "/nonexistent/sock", productName: "/nonexistent/name" },
    ...facts,
    said,
    slept,
    events,
    close: () => http.close(),
  }
}

function recorder(said: string[], enters: TestFacts["enters"]): LoginConversation {
  const say = (text: string): Promise<void> => {
    said.push(text)
    return Promise.resolve()
  }
  return {
    deviceChosen: () => say("device chosen"),
    browserOpened: () => say("browser opened"),
    browserFailed: (reason, detail) => say(`browser failed: ${reason}: ${detail}`),
    outOfBand: async (url) => {
      await say("out of band")
      return enters === undefined ? "" : enters(url)
    },
    deviceCode: ({ userCode, url, expiresIn }) =>
      say(`code ${userCode} at ${new URL(url).pathname} for ${expiresIn} s`),
    received: () => say("received"),
  }
}

/** Pages that browsers of this process were sent to, with what they showed in the end. */
export const pages: string[] = []

/** A browser that logs in by following redirects. It comes back on its own time, as a browser does. */
export function browse(url: string): Promise<void> {
  // eslint-disable-next-line no-restricted-globals -- plays the browser, which is not ours
  void fetch(url).then(
    async (response) => pages.push(`${response.status} ${await response.text()}`),
    (error: unknown) => pages.push(String(error)),
  )
  return Promise.resolve()
}

/** An order for a login with a browser. */
export function orderFor(issuer: string, more: Partial<TokenOrder> = {}): TokenOrder {
  return { issuer, clientId: "sigstore", noAmbient: true, ...more }
}
