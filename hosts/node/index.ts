/** The package's main entry on Node: a store inside the program. */
import { openStore as openStoreWith, type Store, type StoreOptions } from "../shared/store.js";
import { loadModule } from "./module.js";

export { ReplyError } from "../shared/protocol/resp.js";
export type { Argument, Reply, Store, StoreOptions } from "../shared/store.js";
export { EngineTrap } from "../shared/trap.js";

/** Opens a store inside this program; the engine that comes with the package is used. */
export async function openStore(options: Partial<StoreOptions> = {}): Promise<Store> {
  return openStoreWith({ ...options, module: options.module ?? (await loadModule()) });
}
