import type { AppContext } from "../../../app/requests.ts"
import {
  certificateAuthorityPart,
  checkChainFile,
  logPart,
  timestampAuthorityPart,
  trustedRootDocument,
  type ChainPart,
} from "../../../app/sigstore/trust-parts.ts"
import { limits } from "../../../core/limits.ts"
import type { TrustedAuthority, TrustedLog, TrustedRoot } from "../../../core/sigstore.ts"
import type { FlagValues } from "../../command.ts"
import { faceError, prefixed } from "../face-error.ts"
import type { FaceHandler, FaceInvocation } from "../face-invocation.ts"
import { readFile, writeDocument } from "../files.ts"
import { parseServiceSpec, requireKeys, specTime, timeOf, valueOf, type ServiceSpec } from "../service-specs.ts"

/** `cosign trusted-root create` */
export const trustedRootCreate: FaceHandler = async (invocation) => {
  const { flags, generation } = invocation
  const specs = generation.name === "cosign3"
  if (specs) refuseBothForms(flags)
  const app = await invocation.open()
  const base = specs ? await defaults(flags, app) : EMPTY
  const root: TrustedRoot = {
    certificateAuthorities: [...base.certificateAuthorities, ...(await certificateAuthorities(invocation, app))],
    ctlogs: [...base.ctlogs, ...(await logs(invocation, app, "ctfe"))],
    tlogs: [...base.tlogs, ...(await logs(invocation, app, "rekor"))],
    timestampAuthorities: [...base.timestampAuthorities, ...(await timestampAuthorities(invocation, app))],
  }
  await writeDocument(invocation, app, trustedRootDocument(root))
  return 0
}

const EMPTY: TrustedRoot = { tlogs: [], ctlogs: [], certificateAuthorities: [], timestampAuthorities: [] }

/** Flags of cosign 2 that stand for each of cosign 3. */
const OLD_FLAGS: Readonly<Record<string, readonly string[]>> = {
  fulcio: ["certificate-chain", "fulcio-uri"],
  rekor: ["rekor-key", "rekor-url", "rekor-start-time", "rekor-end-time"],
  ctfe: ["ctfe-key", "ctfe-url", "ctfe-start-time", "ctfe-end-time"],
  tsa: ["timestamp-certificate-chain", "timestamp-uri"],
}

function refuseBothForms(flags: FlagValues): void {
  for (const [name, old] of Object.entries(OLD_FLAGS)) {
    if (flags.strings(name).length > 0 && old.some((flag) => flags.strings(flag).length > 0)) {
      throw faceError(`cannot use --${name} and old ${name} flags at the same time`)
    }
  }
}

/** What `--with-default-services` takes over of the repository's trusted root. */
async function defaults(flags: FlagValues, app: AppContext): Promise<TrustedRoot> {
  if (!flags.bool("with-default-services")) return EMPTY
  try {
    const { value } = await app.sigstore.trust.trustedRoot({ offline: false })
    return {
      certificateAuthorities: flags.bool("no-default-fulcio") ? [] : value.certificateAuthorities,
      ctlogs: flags.bool("no-default-ctfe") ? [] : value.ctlogs,
      tlogs: flags.bool("no-default-rekor") ? [] : value.tlogs,
      timestampAuthorities: flags.bool("no-default-tsa") ? [] : value.timestampAuthorities,
    }
  } catch (thrown) {
    throw prefixed("getting default trusted root: error getting live trusted root: ", thrown)
  }
}

function isNew({ flags, generation }: FaceInvocation, name: string): boolean {
  return generation.name === "cosign3" && flags.strings(name).length > 0
}

async function certificateAuthorities(
  invocation: FaceInvocation,
  app: AppContext,
): Promise<readonly TrustedAuthority[]> {
  if (isNew(invocation, "fulcio")) {
    return inOrder(invocation.flags.strings("fulcio"), (text) =>
      describedBy(text, "fulcio", async (spec) =>
        certificateAuthorityPart(await chainOf(app, spec, "fulcio", "Fulcio")),
      ),
    )
  }
  const urls = oldStrings(invocation, "fulcio-uri")
  return inOrder(invocation.flags.strings("certificate-chain"), async (file, index) =>
    certificateAuthorityPart({ file, bytes: await readFile(app, file, limits.pemBytes), url: urls[index] ?? "" }),
  )
}

async function timestampAuthorities(invocation: FaceInvocation, app: AppContext): Promise<readonly TrustedAuthority[]> {
  if (isNew(invocation, "tsa")) {
    return inOrder(invocation.flags.strings("tsa"), (text) =>
      describedBy(text, "tsa", async (spec) =>
        timestampAuthorityPart(await chainOf(app, spec, "tsa", "TSA"), "signer"),
      ),
    )
  }
  const urls = oldStrings(invocation, "timestamp-uri")
  const signer = invocation.generation.name === "cosign3" ? "required" : "optional"
  return inOrder(invocation.flags.strings("timestamp-certificate-chain"), async (file, index) =>
    timestampAuthorityPart(
      { file, bytes: await readFile(app, file, limits.pemBytes), url: urls[index] ?? "" },
      "root",
      signer,
    ),
  )
}

/** The chain that a spec names. @param shown - the service in errors about the file. */
async function chainOf(app: AppContext, spec: ServiceSpec, name: string, shown: string): Promise<ChainPart> {
  requireKeys(spec, ["url", "certificate-chain"], (key) => `missing or empty required key '${key}' in ${name} spec`)
  const file = valueOf(spec, "certificate-chain")
  let bytes: Uint8Array
  try {
    bytes = await readFile(app, file, limits.pemBytes)
    checkChainFile({ file, bytes })
  } catch (thrown) {
    throw prefixed(`parsing ${shown} certificate-chain: `, thrown)
  }
  const [start, end] = [specTime(spec, "start-time"), specTime(spec, "end-time")]
  return {
    ...{ file, bytes, url: valueOf(spec, "url") },
    ...(start === undefined ? {} : { start }),
    ...(end === undefined ? {} : { end }),
  }
}

async function logs(
  invocation: FaceInvocation,
  app: AppContext,
  name: "rekor" | "ctfe",
): Promise<readonly TrustedLog[]> {
  if (isNew(invocation, name)) {
    return inOrder(invocation.flags.strings(name), (text) => describedBy(text, name, (spec) => logOf(app, spec)))
  }
  const given = (suffix: string): readonly string[] => oldStrings(invocation, `${name}-${suffix}`)
  const [starts, ends, urls] = [given("start-time"), given("end-time"), given("url")]
  return inOrder(invocation.flags.strings(`${name}-key`), async (text, index) => {
    // `KEY,ORIGIN`; COMPAT(cosign 2.5): a file may have a comma in its name.
    const comma = name === "rekor" && invocation.generation.name === "cosign3" ? text.indexOf(",") : -1
    const file = comma < 0 ? text : text.slice(0, comma)
    const origin = comma < 0 ? "" : text.slice(comma + 1)
    const bytes = await readFile(app, file, limits.keyFileBytes)
    const [start, end] = [starts[index], ends[index]]
    return logPart({
      ...{ file, bytes, url: urls[index] ?? "", start: start === undefined ? 0 : timeOf(start) },
      ...(end === undefined ? {} : { end: timeOf(end) }),
      ...(origin === "" ? {} : { origin }),
    })
  })
}

async function logOf(app: AppContext, spec: ServiceSpec): Promise<TrustedLog> {
  const keys = ["url", "public-key", "start-time"]
  requireKeys(spec, keys, (key) => `missing or empty required key '${key}' in tlog spec`)
  const file = valueOf(spec, "public-key")
  const origin = spec.get("origin")
  const part = { file, url: valueOf(spec, "url"), ...(origin === undefined ? {} : { origin }) }
  let bytes: Uint8Array
  try {
    bytes = await readFile(app, file, limits.keyFileBytes)
    logPart({ ...part, bytes, start: 0 })
  } catch (thrown) {
    throw prefixed("parsing public-key: ", thrown)
  }
  const end = specTime(spec, "end-time")
  return logPart({ ...part, bytes, start: specTime(spec, "start-time") ?? 0, ...(end === undefined ? {} : { end }) })
}

/** Values of a flag that the generation may not have. */
function oldStrings({ flags, command }: FaceInvocation, name: string): readonly string[] {
  return command.flags.some((flag) => flag.name === name) ? flags.strings(name) : []
}

async function describedBy<Part>(
  text: string,
  name: string,
  read: (spec: ServiceSpec) => Promise<Part>,
): Promise<Part> {
  try {
    return await read(parseServiceSpec(text))
  } catch (thrown) {
    throw prefixed(`parsing ${name} spec: `, thrown)
  }
}

/** One after another, so that the first fault is told. */
async function inOrder<Part>(
  items: readonly string[],
  read: (item: string, index: number) => Promise<Part>,
): Promise<readonly Part[]> {
  const parts: Part[] = []
  for (const [index, item] of items.entries()) parts.push(await read(item, index))
  return parts
}
