/** Variables that hold credentials for registries and services, here or in a program whose command line this one has. */
const CREDENTIALS: readonly RegExp[] = [
  /^COUNTERSIGN_REGISTRY_/,
  /^NOTATION_(?:USERNAME|PASSWORD)$/,
  // Every flag of cosign can be given as a variable.
  /^COSIGN_(?:REGISTRY_(?:USERNAME|PASSWORD|TOKEN)|USERNAME|IDENTITY_TOKEN)$/,
  // Whoever has it can sign as its holder. What a CI job asks for tokens with is the job's, and helpers may need it.
  /^SIGSTORE_ID_TOKEN$/,
]

const KEY_PASSWORDS: readonly RegExp[] = [/^(?:COUNTERSIGN|COSIGN)_PASSWORD$/]

/**
 * Environment for a program of somebody else.
 *
 * SECURITY: credentials that were given to this program are not passed on.
 *
 * @param keeps - `keyPasswords`: what opens private keys is passed on.
 */
export function childEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  keeps: { readonly keyPasswords: boolean },
): NodeJS.ProcessEnv {
  const hidden = keeps.keyPasswords ? CREDENTIALS : [...CREDENTIALS, ...KEY_PASSWORDS]
  // Windows does not tell the case of variables apart.
  const isHidden = (name: string): boolean => hidden.some((pattern) => pattern.test(name.toUpperCase()))
  return Object.fromEntries(Object.entries(env).filter(([name]) => !isHidden(name)))
}
