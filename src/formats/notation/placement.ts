import { goJson, type GoJsonValue, sortedKeys } from "../../codec/go-json.ts"
import { encodeUtf8 } from "../../codec/utf8.ts"
import type { Descriptor } from "../../core/descriptor.ts"
import { EMPTY_JSON_DIGEST, OCI_EMPTY, OCI_MANIFEST } from "../../core/media-types.ts"
import type { ReferrerPlacement } from "../format.ts"
import { CREATED_ANNOTATION, SIGNATURE_ARTIFACT } from "./names.ts"

/**
 * Every signature is a manifest of its own that names the artifact as its subject; bytes as notation writes them: form
 * `artifact` as of version 2, form `config` as of 1.3.
 *
 * COMPAT(notation 1.3): it finds form `artifact` in registries; in OCI layouts it finds form `config` alone. All releases
 * find form `config` everywhere, so it is the default.
 */
export const notationPlacement: ReferrerPlacement = {
  place: "referrer",
  manifest: (subject, document, at, form = "config") => {
    const config: Descriptor = {
      mediaType: form === "artifact" ? OCI_EMPTY : SIGNATURE_ARTIFACT,
      digest: EMPTY_JSON_DIGEST,
      size: 2,
    }
    const created = new Date(Math.floor(at / 1000) * 1000).toISOString().replace(".000Z", "Z")
    const text = goJson({
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      artifactType: form === "artifact" ? SIGNATURE_ARTIFACT : undefined,
      config: { ...bare(config), data: form === "artifact" ? "e30=" : undefined },
      layers: [bare(document.descriptor)],
      subject: bare(subject),
      annotations: sortedKeys({ ...document.annotations, [CREATED_ANNOTATION]: created }),
    })
    return {
      bytes: encodeUtf8(text, "signature manifest"),
      mediaType: OCI_MANIFEST,
      blobs: [
        { descriptor: document.descriptor, source: { bytes: document.bytes } },
        { descriptor: config, source: { bytes: encodeUtf8("{}") } },
      ],
    }
  },
}

function bare({ mediaType, digest, size }: Descriptor): Readonly<Record<string, GoJsonValue>> {
  return { mediaType, digest, size }
}
