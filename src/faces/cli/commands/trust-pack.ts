import { type FileToPack, packTrust } from "../../../app/trust/pack.ts"
import { unpackTrust } from "../../../app/trust/unpack.ts"
import { asToolError, ToolError } from "../../../core/errors.ts"
import type { JsonObject } from "../../../core/json-value.ts"
import { printable } from "../../../core/printable.ts"
import type { CommandHandler } from "../../command.ts"
import { documentOf } from "../documents.ts"
import { facts, type Fact } from "../render/facts.ts"
import { counted } from "../render/words.ts"
import { command, requiredFlag, type Session } from "../session.ts"
import { signingKeyName } from "../signing-key.ts"
import { timeOf } from "./trust-render.ts"

/** `trust pack`. */
export const trustPack: CommandHandler = command(async (session) => {
  const { flags, output, args } = session
  const out = requiredFlag(flags, "out", "no file to write the pack to", "name one: `--out trust.pack`")
  const version = flags.given("pack-version") ? versionOf(flags.string("pack-version")) : undefined
  const name = signingKeyName(session)
  const files = args.map(fileOf)
  const app = await session.open([])
  const packed = await packedTo(app, {
    out,
    key: await app.keys.signingKey(name),
    name: flags.string("name"),
    sigstore: flags.bool("sigstore"),
    notation: flags.bool("notation"),
    offline: flags.bool("offline"),
    files,
    ...(version === undefined ? {} : { version }),
  })
  const { refreshedAt } = packed
  const members = {
    file: out,
    name: packed.name,
    version: packed.version,
    files: packed.files.map((file) => ({ ...file })),
  }
  const next = `countersign trust unpack ${out} --key PUBLIC-KEY --into FOLDER`
  const refreshed = refreshedAt === undefined ? null : timeOf(refreshedAt)
  await output.answer(documentOf("TrustPacked", { ...members, refreshedAt: refreshed, next }), () => {
    const age: readonly Fact[] = refreshed === null ? [] : [["trusted root", `of ${refreshed}`]]
    const rows: readonly Fact[] = [...contentRows(packed.files), ...age, ["next", printable(next)]]
    return `packed ${counted(packed.files.length, "file")} into ${printable(out)}, version ${packed.version} of ${JSON.stringify(packed.name)}\n${lines(rows)}`
  })
  if (flags.bool("notation") && !packed.files.some(({ path }) => path.startsWith("notation/"))) {
    await output.note(
      "warning: nothing of --notation is in the pack: notation's configuration has neither trust stores nor trust policies",
    )
  }
  return 0
})

/** A pack has no `--overwrite`: whoever unpacked the one that is there is not to take another for it. */
async function packedTo(...[app, request]: Parameters<typeof packTrust>): ReturnType<typeof packTrust> {
  try {
    return await packTrust(app, request)
  } catch (thrown) {
    const { code, what, why = "", details } = asToolError(thrown)
    if (code !== "E_FILE_EXISTS") throw thrown
    const next = ["choose another file with `--out`, or remove the one that is there"]
    throw new ToolError(code, { what, why, details, next, cause: thrown })
  }
}

/** `trust unpack`. */
export const trustUnpack: CommandHandler = command(async (session) => {
  const { flags, output, args } = session
  const names = flags.strings("key")
  if (names.length === 0) {
    throw new ToolError("E_USAGE", {
      what: "no key to verify the pack with",
      why: "expected --key",
      next: ["name the public key of whoever packed it: `--key release.pub`"],
    })
  }
  const into = flags.string("into")
  const app = await session.open([])
  const unpacked = await unpackTrust(app, {
    file: args[0] ?? "",
    keys: await Promise.all(names.map((name) => app.keys.publicKey(name))),
    into,
    state: stateFolder(session),
  })
  const root = unpacked.files.find(({ path }) => path === "sigstore/trusted_root.json")
  const next = root === undefined ? null : `countersign verify --trusted-root ${into}/${root.path} --offline …`
  const members: JsonObject = {
    ...{ into, name: unpacked.name, version: unpacked.version, created: timeOf(unpacked.created) },
    ...{ signer: unpacked.signer, files: unpacked.files.map((file) => ({ ...file })), left: [...unpacked.left], next },
  }
  await output.answer(documentOf("TrustUnpacked", members), () => {
    const { name, version, created, signer, files } = unpacked
    const rows: readonly Fact[] = [
      ...[["made", timeOf(created)] as const, ["signer", signer] as const],
      ...contentRows(files),
      ...(next === null ? [] : [["next", printable(next)] as const]),
    ]
    return `unpacked ${counted(files.length, "file")} into ${printable(into)}, version ${version} of ${JSON.stringify(name)}\n${lines(rows)}`
  })
  for (const path of unpacked.left) {
    await output.note(
      `warning: ${into}/${path} is of an earlier pack and not in this one; remove it to trust it no longer`,
    )
  }
  return 0
})

function contentRows(files: readonly { readonly path: string; readonly size: number }[]): readonly Fact[] {
  return files.map(({ path, size }) => ["file", `${printable(path)} (${size} bytes)`])
}

function lines(rows: readonly Fact[]): string {
  return `${facts(rows, 2, Infinity).join("\n")}\n`
}

/** `NAME=FILE`, or a file that keeps its own name. */
function fileOf(text: string): FileToPack {
  const at = text.indexOf("=")
  if (at > 0) return { path: text.slice(0, at), file: text.slice(at + 1) }
  return { path: `files/${text.split(/[/\\]/).at(-1) ?? ""}`, file: text }
}

function versionOf(text: string): number {
  if (/^[1-9][0-9]{0,14}$/.test(text)) return Number(text)
  throw new ToolError("E_USAGE", {
    what: "not a version of a pack",
    why: `--pack-version is ${JSON.stringify(text.slice(0, 100))}, expected a whole number from 1 on`,
    next: ["leave it out to count the seconds since 1970"],
  })
}

/** Where it is remembered which packs were seen. @throws {ToolError} `E_USAGE` without a place for it. */
function stateFolder({ flags, world }: Session): string {
  const named = flags.string("state")
  if (named !== "") return named
  const [state = "", home = ""] = [world.env["XDG_STATE_HOME"], world.env["HOME"]]
  if (state.startsWith("/")) return `${state}/countersign/trust-packs`
  if (home !== "") return `${home}/.local/state/countersign/trust-packs`
  throw new ToolError("E_USAGE", {
    what: "no place to remember which packs were unpacked",
    why: "neither HOME nor XDG_STATE_HOME is set, expected one of them or --state",
    next: ["name a folder that stays: `--state FOLDER`"],
  })
}
