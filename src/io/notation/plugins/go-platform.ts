const SYSTEMS: Readonly<Record<string, string>> = { win32: "windows", sunos: "solaris" }
const MACHINES: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386", ppc64: "ppc64le", mipsel: "mipsle" }

/** This machine as Go names it: `linux/amd64`. */
export function goPlatform(platform: string): string {
  const arch: string = process.arch
  return `${SYSTEMS[platform] ?? platform}/${MACHINES[arch] ?? arch}`
}
