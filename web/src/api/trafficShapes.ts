// Answers of the Admin API about traffic; views over several kinds, so no kind's record describes them.
import type { Intervention } from './types';

/** `GET /api/v1/traffic`, and each `event: traffic` of its watch. */
export interface TrafficAnswer {
  at: string;
  revision: number;
  ways: TrafficWay[];
  interventions: Intervention[];
  /** The newest first. */
  notices: TrafficNotice[];
  /** How the front door's own policies stand: whom it bans. */
  door?: TrafficPolicy[];
}

/** A route or a need. */
export interface TrafficWay {
  /** `route/NAME` or `need/CALLER.CALLEE`. */
  about: string;
  match: string;
  to: string;
  requestsPerSecond: number;
  /** 0 to 1. */
  errorRatio: number;
  p50Ms: number;
  p99Ms: number;
  /** Requests per latency range, see `latencyBoundsMs`. */
  latency: number[];
  policies: TrafficPolicy[];
}

export interface TrafficPolicy {
  gateway: string;
  policy: string;
  kind: string;
  state: string;
  why: string;
  numbers: Record<string, number>;
}

export interface TrafficNotice {
  at: string;
  gateway: string;
  about: string;
  reason: string;
  message: string;
  isWarning: boolean;
}

/** `POST /api/v1/explain`. */
export interface Explanation {
  tableRevision: number;
  about: string;
  service?: string;
  instance?: string;
  /** 0 where the service answers. */
  status: number;
  reason: string;
  steps: { station: string; verdict: string; why: string }[];
}

/** `GET /api/v1/requests/{id}`. */
export interface PastRequest {
  id: string;
  at: string;
  start: string;
  about: string;
  service?: string;
  instance?: string;
  status: number;
  reason: string;
  detail: string;
  refusedBy?: string;
  durationMs: number;
  attempts: number;
  hedged: boolean;
}

/** What an intervention is asked for with. */
export interface InterventionWish {
  about: string;
  reason: string;
  for: string;
  breaker?: 'open' | 'closed';
  degrade?: string;
  limits?: 'off' | 'dryRun' | 'on';
  admit?: number;
  ban?: string;
  fault?: { percent?: string; delay?: string; abort?: number; reset?: boolean; bandwidth?: string };
}
