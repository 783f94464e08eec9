/** The parameters that the host itself applies, as the engine reports them. */
import { NO_LIMITS, type OutputLimit, type OutputLimits } from "../shared/limits.js";
import { APPLY_TLS, DEFAULT_TLS_SETTINGS, type TlsSettings } from "./tls-settings.js";

export interface Settings {
  port: number;
  bind: string[];
  tcpBacklog: number;
  unixsocket: string;
  unixsocketperm: number;
  timeoutSeconds: number;
  tcpKeepaliveSeconds: number;
  maxclients: number;
  logfile: string;
  loglevel: string;
  protectedMode: boolean;
  outputLimits: OutputLimits;
  dir: string;
  save: string;
  imageCompression: boolean;
  appendonly: boolean;
  appendfsync: string;
  /** aof-load-truncated */
  cutsTornEnd: boolean;
  rewritePercentage: number;
  rewriteBytes: number;
  metricsPort: number;
  tls: TlsSettings;
}

export const DEFAULT_SETTINGS: Settings = {
  port: 6379,
  bind: ["127.0.0.1", "-::1"],
  tcpBacklog: 511,
  unixsocket: "",
  unixsocketperm: 0,
  timeoutSeconds: 0,
  tcpKeepaliveSeconds: 300,
  maxclients: 10_000,
  logfile: "",
  loglevel: "notice",
  protectedMode: true,
  outputLimits: NO_LIMITS,
  dir: "./data",
  save: "",
  imageCompression: false,
  appendonly: false,
  appendfsync: "everysec",
  cutsTornEnd: true,
  rewritePercentage: 100,
  rewriteBytes: 64 * 1024 * 1024,
  metricsPort: 0,
  tls: DEFAULT_TLS_SETTINGS,
};

/** A parameter that cannot have this value; `reason` is what the client is told. */
export class RefusedSetting extends Error {
  constructor(
    readonly parameter: string,
    readonly reason: string,
  ) {
    super(`${parameter}: ${reason}`);
  }
}

type Apply = (settings: Settings, value: string) => void;

const APPLY: Record<string, Apply> = {
  port: (settings, value) => {
    settings.port = Number(value);
  },
  bind: (settings, value) => {
    settings.bind = value.split(/\s+/).filter((address) => address !== "");
  },
  "tcp-backlog": (settings, value) => {
    settings.tcpBacklog = Number(value);
  },
  unixsocket: (settings, value) => {
    settings.unixsocket = value;
  },
  unixsocketperm: (settings, value) => {
    settings.unixsocketperm = Number.parseInt(value, 8) || 0;
  },
  timeout: (settings, value) => {
    settings.timeoutSeconds = Number(value);
  },
  "tcp-keepalive": (settings, value) => {
    settings.tcpKeepaliveSeconds = Number(value);
  },
  maxclients: (settings, value) => {
    settings.maxclients = Number(value);
  },
  logfile: (settings, value) => {
    settings.logfile = value;
  },
  loglevel: (settings, value) => {
    settings.loglevel = value;
  },
  "protected-mode": (settings, value) => {
    settings.protectedMode = value === "yes";
  },
  dir: (settings, value) => {
    settings.dir = value;
  },
  save: (settings, value) => {
    settings.save = value;
  },
  "image-compression": (settings, value) => {
    settings.imageCompression = value === "yes";
  },
  appendonly: (settings, value) => {
    settings.appendonly = value === "yes";
  },
  appendfsync: (settings, value) => {
    settings.appendfsync = value;
  },
  "aof-load-truncated": (settings, value) => {
    settings.cutsTornEnd = value === "yes";
  },
  "auto-aof-rewrite-percentage": (settings, value) => {
    settings.rewritePercentage = Number(value);
  },
  "auto-aof-rewrite-min-size": (settings, value) => {
    settings.rewriteBytes = Number(value);
  },
  "metrics-port": (settings, value) => {
    settings.metricsPort = Number(value);
  },
  "client-output-buffer-limit": (settings, value) => {
    const { normal, pubsub } = settings.outputLimits;
    settings.outputLimits = {
      normal: readLimit("normal", value) ?? normal,
      pubsub: readLimit("pubsub", value) ?? pubsub,
    };
  },
};

/** Names of the parameters in Settings, as CONFIG knows them. */
export const SETTING_NAMES: readonly string[] = [...Object.keys(APPLY), ...Object.keys(APPLY_TLS)];

/** Settings with these names and values changed; other names are not the host's business. */
export function withChanges(settings: Settings, pairs: readonly [string, string][]): Settings {
  const changed = { ...settings, bind: [...settings.bind], tls: { ...settings.tls } };
  for (const [name, value] of pairs) {
    APPLY[name]?.(changed, value);
    APPLY_TLS[name]?.(changed.tls, value);
  }
  return changed;
}

/** The limits of one kind of clients in "normal 0 0 0 slave 268435456 67108864 60 ...". */
function readLimit(kind: string, value: string): OutputLimit | undefined {
  const match = new RegExp(`\\b${kind} (\\d+) (\\d+) (\\d+)`).exec(value);
  if (match === null) return undefined;
  const [hardBytes = 0, softBytes = 0, softSeconds = 0] = match.slice(1).map(Number);
  return { hardBytes, softBytes, softSeconds };
}

/** Reads "name\0value\0..." */
export function readPairs(text: string): [string, string][] {
  const parts = text.split("\0");
  const pairs: [string, string][] = [];
  for (let i = 0; i + 1 < parts.length; i += 2) {
    pairs.push([parts[i] as string, parts[i + 1] as string]);
  }
  return pairs;
}
