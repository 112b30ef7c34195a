import { absent } from "../absent.ts"
import type { FaceHandler } from "../face-invocation.ts"

/** `notation blob inspect` */
export const blobInspect: FaceHandler = absent("blob inspect")
