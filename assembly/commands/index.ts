/**
 * Registers every command group. The order is the order of COMMAND's rows.
 */

import { registerConfiguration } from "./configuration";
import { registerConnection } from "./connection";
import { registerStrings } from "./strings";

export function registerCommands(): void {
  registerConfiguration();
  registerConnection();
  registerStrings();
}
