import type { FaceHandler } from "../face-invocation.ts"

/** A variable this face acts upon. */
interface Variable {
  readonly name: string
  readonly about: string
  readonly expects: string
  readonly secret?: boolean
}

// DEVIATION: cosign also lists variables of services that are not part of this release.
const VARIABLES: readonly Variable[] = [
  {
    name: "COSIGN_DOCKER_MEDIA_TYPES",
    about: "to be used with registries that do not support OCI media types",
    expects: "1 to fallback to legacy OCI media types equivalents (0 by default)",
  },
  {
    name: "COSIGN_EXPERIMENTAL",
    about: "enables experimental cosign features",
    expects: "1 if experimental features should be enabled (0 by default)",
  },
  {
    name: "COSIGN_MAX_ATTACHMENT_SIZE",
    about: "maximum attachment size to download (default 128MiB)",
    expects: "human-readable unit of memory, e.g. 5120, 20K, 3M, 45MiB, 1GB",
  },
  {
    name: "COSIGN_PASSWORD",
    about: "overrides password inputs with this value",
    expects: "string with a password (asks on stdin by default)",
    secret: true,
  },
  {
    name: "COSIGN_REPOSITORY",
    about: "can be used to store signatures in an alternate location",
    expects: "string with a repository",
  },
  {
    name: "SOURCE_DATE_EPOCH",
    about:
      "overrides current time for reproducible builds, see https://reproducible-builds.org/docs/source-date-epoch/",
    expects: "number of seconds since unix epoch",
  },
]

/** `cosign env` */
export const env: FaceHandler = async ({ flags, world }) => {
  const describe = flags.bool("show-descriptions")
  const reveal = flags.bool("show-sensitive-values")
  for (const { name, about, expects, secret } of VARIABLES) {
    const value = world.env[name] ?? ""
    const shown = secret === true && !reveal && value !== "" ? "******" : value
    if (describe) await world.stdout.write(`# ${name} ${about}\n# Expects: ${expects}\n`)
    await world.stdout.write(`${name}=${shown}\n`)
  }
  return 0
}
