import type { CredentialHelpers } from "./helper.ts"

/** Name of the helper that comes with the platform, if it is installed: where notation looks when no file says anything. */
export async function platformHelper(helpers: CredentialHelpers, platform: string): Promise<string | undefined> {
  for (const name of platformHelpers(platform)) {
    if (await helpers.exists(name)) return name
  }
  return undefined
}

function platformHelpers(platform: string): readonly string[] {
  if (platform === "darwin") return ["osxkeychain"]
  return platform === "win32" ? ["wincred"] : ["pass", "secretservice"]
}
