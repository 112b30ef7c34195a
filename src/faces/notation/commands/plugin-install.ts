import { asToolError } from "../../../core/errors.ts"
import type { PluginInstalled } from "../../../core/notation-home.ts"
import { printable } from "../../../core/printable.ts"
import { faceError, prefixed } from "../face-error.ts"
import { print, type FaceHandler, type FaceInvocation } from "../face-invocation.ts"

/** `notation plugin install (--file | --url) SOURCE` */
export const pluginInstall: FaceHandler = async (invocation) => {
  // COMPAT(notation 1.3): `--file=false` counts as given.
  if (!invocation.flags.bool("file") && !invocation.flags.bool("url")) {
    throw faceError("plugin installation failed: unknown plugin source type")
  }
  const { metadata, replaced } = invocation.flags.bool("file") ? await fromFile(invocation) : await fromUrl(invocation)
  await print(
    invocation,
    replaced === undefined
      ? `Successfully installed plugin ${metadata.name}, version ${metadata.version}`
      : `Successfully updated plugin ${metadata.name} from version ${replaced} to ${metadata.version}`,
  )
  return 0
}

async function fromFile(invocation: FaceInvocation): Promise<PluginInstalled> {
  const { flags, args } = invocation
  const [path = ""] = args
  const sha256 = flags.string("sha256sum")
  const { notation } = await invocation.open()
  try {
    return await notation.plugins.install(path, {
      force: flags.bool("force"),
      onlyFile: true,
      ...(sha256 === "" ? {} : { sha256 }),
    })
  } catch (thrown) {
    throw prefixed("plugin installation failed: ", thrown)
  }
}

async function fromUrl(invocation: FaceInvocation): Promise<PluginInstalled> {
  const { flags, args, world } = invocation
  const [url = ""] = args
  const sha256 = flags.string("sha256sum")
  if (sha256 === "") throw faceError("installing from URL requires non-empty SHA256 checksum of the plugin source")
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(url)?.[1]?.toLowerCase() ?? ""
  if (scheme !== "https") {
    throw faceError(`failed to download plugin from URL: only the HTTPS scheme is supported, but got ${scheme}`)
  }
  const { notation } = await invocation.open()
  await print(invocation, `Downloading plugin from ${url}`)
  const progress = { downloaded: false }
  try {
    return await notation.plugins.installFromUrl(url, {
      sha256,
      force: flags.bool("force"),
      onDownloaded: () => {
        progress.downloaded = true
        world.stdout.write("Download completed\n").catch(() => undefined)
      },
    })
  } catch (thrown) {
    const error = asToolError(thrown)
    // It is the whole sentence already, and nothing was installed yet.
    if (error.details["stage"] === "download") throw faceError(printable(error.what), error.code, error)
    const words = progress.downloaded
      ? "plugin installation failed: "
      : `failed to download plugin from URL ${url} with error: `
    throw prefixed(words, error)
  }
}
