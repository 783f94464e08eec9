/** Events that took long (LATENCY); what is noted so far is nothing. */

import { Row } from "./table";

export function noteLatencyOf(row: Row, microseconds: f64): void {}

export function setLatencyThreshold(thresholdMs: f64): void {}
