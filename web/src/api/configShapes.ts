import type { ConfigContent } from './types';

/** A value of a name space with where it comes from. */
export interface ConfigValueView {
  value: string;
  space: string;
  version: number;
  layer: ConfigContent['layer'];
  environment: string;
  isDefault: boolean;
  isSecret: boolean;
}

/** What a name space comes to in an environment. */
export interface ConfigPageView {
  tag: string;
  values: Record<string, ConfigValueView>;
}

/** What a publish would change, and what stands against it. */
export interface ConfigDiff {
  changes: { path: string; before?: string; after?: string }[];
  problems: { path: string; what: string; remedy: string }[];
}

/** Who reads a name space, and whether it has the newest version. */
export interface ConfigReaderRow {
  reader: { reader: string; environment: string; tag: string; seenAt: string; address: string; problem?: string };
  isCurrent: boolean;
  isStaged: boolean;
}

/** How a publish that goes out in stages stands. */
export interface ConfigStagingView {
  staged?: { number: number; step: number; by: string; paused: boolean; plan: { steps?: string[] } };
  chosen: number;
  running: number;
  others: number;
  message: string;
  reports: Record<string, { verdict: string; message: string }>;
}
