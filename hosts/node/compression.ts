/** Raw deflate on threads beside the loop, for images. */
import { promisify } from "node:util";
import { constants, deflateRaw, inflateRaw } from "node:zlib";

const deflateLater = promisify(deflateRaw) as (
  bytes: Uint8Array,
  options: object,
) => Promise<Uint8Array>;
const inflateLater = promisify(inflateRaw) as typeof deflateLater;

export function deflate(bytes: Uint8Array): Promise<Uint8Array> {
  return deflateLater(bytes, { level: constants.Z_BEST_SPEED });
}

/** Rejects what is damaged or becomes larger than `capacityBytes`. */
export function inflate(bytes: Uint8Array, capacityBytes: number): Promise<Uint8Array> {
  return inflateLater(bytes, { maxOutputLength: capacityBytes });
}
