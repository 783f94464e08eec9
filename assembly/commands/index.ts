/**
 * Registers every command group. The order is the order of COMMAND's rows.
 */

import { registerStrings } from "./strings";

export function registerCommands(): void {
  registerStrings();
}
