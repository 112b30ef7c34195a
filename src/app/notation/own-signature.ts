import { ToolError } from "../../core/errors.ts"
import { parseCertificate } from "../../crypto/x509/parse-certificate.ts"
import type { NotationAuthority } from "../../policy/model.ts"
import type { VerifyRequest } from "../requests.ts"
import type { EnvelopeSigner, NotationSigner } from "./signer.ts"

/** Store that holds nothing but the signer's own certificate. */
const OWN = "own"

/**
 * Trust in nobody but a signer itself: to ask whether it has signed already.
 *
 * @throws {ToolError} `E_USAGE` for signers whose certificates are known only after signing.
 */
export function ownSignature(
  signer: NotationSigner | EnvelopeSigner | undefined,
): Pick<VerifyRequest, "keys" | "certificates" | "trustStore" | "noPlugins"> {
  const [leaf] = (signer?.kind === "key" ? signer.chain : undefined) ?? []
  if (leaf === undefined) {
    throw new ToolError("E_USAGE", {
      what: "whether a plugin's key has signed already cannot be told before it signs",
      why: "its certificates are known only after signing",
      next: ["leave out `--if-missing`"],
    })
  }
  const { thumbprint } = parseCertificate(leaf)
  const certificates: NotationAuthority = {
    name: OWN,
    family: "notation",
    formats: [],
    kind: "signature",
    annotations: {},
    stores: (["ca", "signingAuthority"] as const).map((type) => ({ type, name: OWN })),
    identities: [{ kind: "thumbprint", sha256: thumbprint, text: `x509.thumbprint:${thumbprint}` }],
    levelName: "custom",
    actions: {
      integrity: "enforce",
      authenticity: "enforce",
      authenticTimestamp: "log",
      expiry: "enforce",
      revocation: "skip",
    },
    verifyTimestamp: "always",
  }
  return {
    keys: [],
    certificates,
    trustStore: (store) => Promise.resolve({ ...store, certificates: [leaf] }),
    // SECURITY: a signer's own signatures name none; anybody's may, and must neither start one nor keep us from signing.
    noPlugins: true,
  }
}
