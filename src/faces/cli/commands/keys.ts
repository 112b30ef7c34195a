import { keyFacts } from "../../../app/key-facts.ts"
import { generateKeyPair, importKeyPair, publicKeyPem } from "../../../app/keys.ts"
import { ToolError } from "../../../core/errors.ts"
import type { JsonObject } from "../../../core/json-value.ts"
import { limits } from "../../../core/limits.ts"
import type { Files, KeyType, PublicKey } from "../../../core/ports.ts"
import type { CommandHandler } from "../../command.ts"
import { documentOf } from "../documents.ts"
import { newPassword } from "../new-password.ts"
import { facts } from "../render/facts.ts"
import { printable } from "../../../core/printable.ts"
import { command, type Session } from "../session.ts"

/** `keys generate`. */
export const keysGenerate: CommandHandler = command(async (session) => {
  const { flags } = session
  const app = await session.open([])
  const paths = await freePaths(app.files, flags.string("name"))
  const password = await newPassword(session, app)
  const pair = await generateKeyPair(app, { password, type: flags.string("type") as KeyType })
  return writePair(session, app.files, paths, pair)
})

/** `keys import`. */
export const keysImport: CommandHandler = command(async (session) => {
  const { flags, args } = session
  const app = await session.open([])
  const paths = await freePaths(app.files, flags.string("name"))
  const pem = await app.files.read(args[0] ?? "", limits.keyFileBytes)
  const password = await newPassword(session, app)
  return writePair(session, app.files, paths, await importKeyPair(app, { pem, password }))
})

/** `keys public`. */
export const keysPublic: CommandHandler = command(async (session) => {
  const app = await session.open([])
  const key = await app.keys.publicKey(session.args[0] ?? "", { privateToo: true })
  const pem = publicKeyPem(key)
  await session.output.answer(documentOf("PublicKey", { pem, ...describe(key) }), () => pem, "requested")
  return 0
})

/** `keys inspect`. */
export const keysInspect: CommandHandler = command(async (session) => {
  const { args, output } = session
  const name = args[0] ?? ""
  const app = await session.open([])
  const key = await app.keys.publicKey(name, { privateToo: true })
  const { type, bits, fingerprint, hint } = keyFacts(key)
  await output.answer(
    documentOf("Key", { name, ...describe(key) }),
    () => {
      const rows = [
        ["key", printable(name)],
        ["type", type],
        ["bits", String(bits)],
        ["fingerprint", fingerprint],
        ["bundle hint", hint],
      ] as const
      return `${facts(rows, 0, output.width).join("\n")}\n`
    },
    "requested",
  )
  return 0
})

function describe(key: PublicKey): JsonObject {
  return { ...keyFacts(key) }
}

interface PairPaths {
  readonly privateKey: string
  readonly publicKey: string
}

/** @throws {ToolError} `E_FILE_EXISTS` when one of the files is there: a key is never overwritten. */
async function freePaths(files: Files, name: string): Promise<PairPaths> {
  if (name === "" || name === "-") {
    throw new ToolError("E_USAGE", {
      what: "no name for the key files",
      why: "--name is empty or -, expected a path without .key",
    })
  }
  const paths = { privateKey: `${name}.key`, publicKey: `${name}.pub` }
  for (const path of Object.values(paths)) {
    if (!(await files.exists(path))) continue
    throw new ToolError("E_FILE_EXISTS", {
      what: `${path} exists`,
      why: "a key is never overwritten; whatever it signed could not be signed again",
      next: ["choose another name with `--name`"],
    })
  }
  return paths
}

async function writePair(
  session: Session,
  files: Files,
  paths: PairPaths,
  pair: { readonly privatePem: Uint8Array; readonly publicPem: Uint8Array },
): Promise<number> {
  const { output } = session
  // The private key first: its public half can be had again, not the other way round.
  await files.write(paths.privateKey, pair.privatePem, { mode: 0o600, exclusive: true })
  await files.write(paths.publicKey, pair.publicPem, { mode: 0o644, exclusive: true })
  const app = await session.open([])
  const { type, bits, fingerprint, hint } = keyFacts(await app.keys.publicKey(paths.publicKey))
  const document = documentOf("KeyPair", { ...paths, type, bits, fingerprint, hint })
  await output.answer(document, () => {
    const rows = [
      ["private key", `${printable(paths.privateKey)} (encrypted)`],
      ["public key", printable(paths.publicKey)],
      ["type", type],
      ["fingerprint", fingerprint],
    ] as const
    return `${facts(rows, 0, output.width).join("\n")}\n`
  })
  return 0
}
