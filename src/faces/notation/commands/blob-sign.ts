import { absent } from "../absent.ts"
import type { FaceHandler } from "../face-invocation.ts"

/** `notation blob sign` */
export const blobSign: FaceHandler = absent("blob sign")
