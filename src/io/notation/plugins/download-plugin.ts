import { createHash } from "node:crypto"
import { mkdtemp, open, rm } from "node:fs/promises"
import { STATUS_CODES } from "node:http"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"

import { asToolError, ToolError } from "../../../core/errors.ts"
import { goQuote } from "../../../codec/go-quote.ts"
import type { HttpResponse } from "../../net/http-types.ts"
import { redactUrl } from "../../net/redact.ts"
import { ioError } from "../../system/io-error.ts"
import type { HomeContext } from "../home-context.ts"
import { pluginInvalid } from "./plugin-invalid.ts"
import { requireFile } from "./plugin-source.ts"
import { MAX_BYTES } from "./unpack-budget.ts"

/** Milliseconds of a whole download; notation's own bound. */
const DOWNLOAD_MS = 600_000

/** In `details` of errors that come before the installation: notation's text has no `plugin installation failed: ` then. */
const BEFORE = { stage: "download" } as const

/**
 * Download a plugin to a temporary file, check it, and work with it while it is there.
 *
 * SECURITY: https alone, redirects included; nothing of the content is looked at before its SHA-256 is the one given.
 *
 * @param options - `sha256` in hexadecimal, any case.
 * @throws {ToolError} `E_PLUGIN_INVALID`, `E_NET_*`, `E_TLS_*`, `E_IO`; texts of notation.
 */
export async function withDownload<T>(
  context: HomeContext,
  url: string,
  options: { readonly sha256: string; readonly onDownloaded?: () => void },
  work: (path: string) => Promise<T>,
): Promise<T> {
  if (options.sha256 === "") {
    const what = "installing from URL requires non-empty SHA256 checksum of the plugin source"
    throw pluginInvalid(what, "without it, whoever has the server decides what is run", undefined, BEFORE)
  }
  checkUrl(url)
  return withTempFile("notation-plugin-download", async (path) => {
    const hash = await download(context, url, path)
    options.onDownloaded?.()
    requireHash(hash, options.sha256)
    return work(path)
  })
}

/**
 * Copy a file, check the copy, and work with it while it is there: nobody can change it in between.
 *
 * @throws {ToolError} as {@link withDownload}.
 */
export async function withCheckedCopy<T>(
  source: string,
  sha256: string,
  work: (path: string) => Promise<T>,
): Promise<T> {
  await requireFile(source)
  return withTempFile(basename(source), async (path) => {
    let mode: number
    let hash: string
    try {
      const from = await open(source, "r")
      try {
        ;({ mode } = await from.stat())
        const reached = "file size reached the 256 MiB size limit"
        hash = await save(from.createReadStream({ autoClose: false }), path, mode & 0o700, reached)
      } finally {
        await from.close()
      }
    } catch (thrown) {
      throw ioError("open", source, thrown)
    }
    requireHash(hash, sha256)
    return work(path)
  })
}

async function withTempFile<T>(name: string, work: (path: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "notation-plugin-"))
  try {
    return await work(join(folder, name))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function checkUrl(url: string): void {
  const parsed = URL.parse(url)
  const scheme = parsed?.protocol.slice(0, -1) ?? ""
  if (parsed === null || scheme !== "https") {
    const what = `failed to download plugin from URL: only the HTTPS scheme is supported, but got ${scheme}`
    throw pluginInvalid(what, "anybody on the way could change what comes over plain http", undefined, BEFORE)
  }
  if (parsed.username === "" && parsed.password === "") return
  const what = `failed to download plugin from URL ${redactUrl(url)} with error: the URL contains credentials`
  throw pluginInvalid(what, "expected an URL without user name and password", undefined, BEFORE)
}

/** @returns SHA-256 of the content, hexadecimal. */
async function download(context: HomeContext, url: string, path: string): Promise<string> {
  const failed = `failed to download plugin from URL ${redactUrl(url)} with error: `
  try {
    const http = await context.http()
    const signal = AbortSignal.timeout(DOWNLOAD_MS)
    const response = await http.request({ method: "GET", url, redirect: "content", signal })
    const refused = refusal(response)
    if (refused !== undefined) {
      await response.discard()
      throw pluginInvalid(`${failed}GET ${goQuote(redactUrl(response.url))}: ${refused}`, refused, undefined, BEFORE)
    }
    const reached = `${failed}GET ${goQuote(redactUrl(response.url))}: https response reached the 256 MiB size limit`
    return await save(response.body, path, 0o600, reached)
  } catch (thrown) {
    const error = asToolError(thrown)
    if (error.code === "E_PLUGIN_INVALID" || error.code === "E_IO") throw error
    throw new ToolError(thrown instanceof ToolError ? error.code : "E_NET_TIMEOUT", {
      what: `${failed}${error.message}`,
      why: error.why ?? error.what,
      next: error.next,
      details: { ...error.details, ...BEFORE },
      cause: error,
    })
  }
}

function refusal(response: HttpResponse): string | undefined {
  if (!response.url.startsWith("https://")) return "a redirect led away from https"
  if (response.status === 200) return undefined
  return `https response bad status: ${response.status} ${STATUS_CODES[response.status] ?? ""}`.trim()
}

async function save(chunks: AsyncIterable<Uint8Array>, path: string, mode: number, reached: string): Promise<string> {
  const hash = createHash("sha256")
  const file = await open(path, "wx", 0o600)
  let size = 0
  try {
    for await (const chunk of chunks) {
      size += chunk.length
      if (size >= MAX_BYTES) throw pluginInvalid(reached, `there are more than ${MAX_BYTES} bytes`, undefined, BEFORE)
      hash.update(chunk)
      for (let at = 0; at < chunk.length;) at += (await file.write(chunk, at)).bytesWritten
    }
    await file.chmod(mode | 0o600)
  } finally {
    await file.close()
  }
  return hash.digest("hex")
}

function requireHash(hash: string, expected: string): void {
  if (hash === expected.toLowerCase()) return
  const what = `plugin SHA-256 checksum does not match user input. Expecting ${expected}`
  throw pluginInvalid(what, `the SHA-256 of the file is ${hash}`)
}
