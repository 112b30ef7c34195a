import { join, resolve } from "node:path"
import type { SandboxEnvironment, SandboxFacts, SandboxTokenOptions } from "../../app/sandbox-host.ts"
import { expectObject, expectText } from "../../codec/json-shape.ts"
import { parseJson } from "../../codec/json.ts"
import { ToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"
import type { Clock } from "../../core/ports.ts"
import { readSmall, writeWhole } from "./material/data-folder.ts"
import { type SandboxDocuments, sandboxDocuments } from "./material/documents.ts"
import { loadMaterial, loadTokenKey } from "./material/keys.ts"
import { TUF_ROOT_FILE } from "./material/trust-repository.ts"
import { mintToken } from "./oidc/id-tokens.ts"
import { sandboxUrls } from "./urls.ts"

/** Says under which origin the sandbox of a folder was served last. */
const FACTS_FILE = "sandbox.json"

const DOCUMENT_FILES = {
  trustedRoot: "trusted_root.json",
  signingConfig: "signing_config.json",
  signingConfigV2: "signing_config.v2.json",
} as const

/** Where everything of a sandbox is. @param folder - its data. */
export function sandboxFacts(folder: string, url: string): SandboxFacts {
  const { oidc, fulcio, ct, rekor, rekor2, timestamp, tuf } = sandboxUrls(url)
  const path = (name: string): string => resolve(folder, name)
  return {
    url,
    services: { oidc, fulcio, ct, rekor, rekor2, timestamp, tuf },
    files: {
      trustedRoot: path(DOCUMENT_FILES.trustedRoot),
      signingConfig: path(DOCUMENT_FILES.signingConfig),
      signingConfigV2: path(DOCUMENT_FILES.signingConfigV2),
      tufRoot: path(TUF_ROOT_FILE),
    },
  }
}

/** Write what clients need into the folder. @throws {ToolError} `E_IO`. */
export async function writeDocuments(folder: string, url: string, documents: SandboxDocuments): Promise<void> {
  for (const [member, name] of Object.entries(DOCUMENT_FILES)) {
    await writeWhole(join(folder, name), documents[member as keyof typeof DOCUMENT_FILES])
  }
  for (const [name, pem] of Object.entries(documents.pem)) await writeWhole(join(folder, name), pem)
  await writeWhole(join(folder, FACTS_FILE), `${JSON.stringify({ url })}\n`)
}

/** Origin under which the sandbox of a folder was served last. @throws {ToolError} `E_FILE_NOT_FOUND`, `E_IO`. */
async function originOf(folder: string): Promise<string> {
  const bytes = await readSmall(join(folder, FACTS_FILE))
  if (bytes === undefined) throw noSandbox(folder)
  const document = expectObject(parseJson(bytes, { maxBytes: limits.configFileBytes, what: FACTS_FILE }), FACTS_FILE)
  return expectText(document["url"], `${FACTS_FILE}.url`)
}

function noSandbox(folder: string): ToolError {
  return new ToolError("E_FILE_NOT_FOUND", {
    what: `no sandbox was served from ${folder} yet`,
    why: "its keys and its address are not there",
    next: ["start it: `countersign sandbox --data FOLDER`", "check that `--data` names the folder it was started with"],
  })
}

/** An identity token of the sandbox of a folder. @see SandboxHost.token */
export async function sandboxToken(options: SandboxTokenOptions, clock: Clock): Promise<string> {
  const { data, email, subject, audience, claims, lifetimeMs } = options
  const issuer = sandboxUrls(await originOf(data)).oidc
  const key = await loadTokenKey(data)
  if (key === undefined) throw noSandbox(data)
  const request = {
    issuer,
    ...(email === undefined ? {} : { email }),
    ...(subject === undefined ? {} : { subject }),
    ...(audience === undefined ? {} : { audience }),
    ...(claims === undefined ? {} : { claims }),
    ...(lifetimeMs === undefined ? {} : { lifetime: Math.floor(lifetimeMs / 1000) }),
  }
  return mintToken(key.privateKey, request, clock.now())
}

/**
 * Variables that cosign 2 takes its trust from, and the PEM files they name. @see SandboxHost.environment
 *
 * Spec: sigstore/cosign `pkg/cosign/env/env.go`.
 */
export async function sandboxEnvironment(data: string): Promise<SandboxEnvironment> {
  const url = await originOf(data)
  const material = await loadMaterial(data)
  if (material === undefined) throw noSandbox(data)
  const urls = sandboxUrls(url)
  const facts = sandboxFacts(data, url)
  await writeDocuments(data, url, sandboxDocuments(material, urls))
  const path = (name: string): string => resolve(data, name)
  return {
    facts,
    variables: [
      ["SIGSTORE_ROOT_FILE", path("fulcio.pem")],
      ["SIGSTORE_REKOR_PUBLIC_KEY", path("rekor.pub")],
      ["SIGSTORE_CT_LOG_PUBLIC_KEY_FILE", path("ctfe.pub")],
      ["SIGSTORE_TSA_CERTIFICATE_FILE", path("tsa.pem")],
      ["TUF_MIRROR", urls.tuf],
      ["TUF_ROOT_JSON", facts.files.tufRoot],
      // A cache of its own: one that knows another mirror would win over the variables.
      ["TUF_ROOT", path("tuf-cache")],
    ],
  }
}
