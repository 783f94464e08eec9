/**
 * Registers every command group. The order is the order of COMMAND's rows.
 */

import { registerBitmaps } from "./bitmaps";
import { registerHyperLogLog } from "./hyperloglog";
import { registerConfiguration } from "./configuration";
import { registerCommandTable } from "./command-table";
import { registerDump } from "./dump";
import { registerConnection } from "./connection";
import { registerClient } from "./connection-client";
import { registerKeys } from "./keys";
import { registerDatabases } from "./keys-databases";
import { registerEmptyAreas } from "./empty-areas";
import { registerGeo } from "./geo";
import { registerHashes } from "./hashes";
import { registerServerSmall } from "./server-small";
import { registerSets } from "./sets";
import { registerPubsub } from "./pubsub";
import { registerClientTracking } from "./client-tracking";
import { registerTransactions } from "./transactions";
import { registerLists } from "./lists";
import { registerListWaiting } from "./list-waiting";
import { registerSortedSets } from "./sorted-sets";
import { registerSortedSetWaiting } from "./sorted-set-waiting";
import { registerSort } from "./sort";
import { registerStrings } from "./strings";
import { registerDebug } from "./debug";
import { registerAcl } from "./acl";
import { registerInfo } from "./info";
import { registerLog } from "./log";
import { registerMemory } from "./memory";
import { registerMonitor } from "./monitor";
import { registerLatency } from "./latency";
import { registerSlowLog } from "./slowlog";
import { registerMigrate } from "./migrate";
import { registerPersistence } from "./persistence";
import { registerShutdown } from "./shutdown";

export function registerCommands(): void {
  registerStrings();
  registerBitmaps();
  registerHyperLogLog();
  registerHashes();
  registerSets();
  registerLists();
  registerListWaiting();
  registerSortedSets();
  registerSortedSetWaiting();
  registerGeo();
  registerConnection();
  registerClient();
  registerClientTracking();
  registerPubsub();
  registerTransactions();
  registerConfiguration();
  registerAcl();
  registerInfo();
  registerMemory();
  registerDebug();
  registerPersistence();
  registerLog();
  registerShutdown();
  registerKeys();
  registerSort();
  registerDump();
  registerMigrate();
  registerDatabases();
  registerCommandTable();
  registerServerSmall();
  registerSlowLog();
  registerLatency();
  registerMonitor();
  registerEmptyAreas();
}
