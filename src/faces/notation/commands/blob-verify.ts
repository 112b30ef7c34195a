import { absent } from "../absent.ts"
import type { FaceHandler } from "../face-invocation.ts"

/** `notation blob verify` */
export const blobVerify: FaceHandler = absent("blob verify")
