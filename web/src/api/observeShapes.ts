// Answers of the Admin API about traces and top lists; made of telemetry, so no kind's record describes them.

/** One of `GET /api/v1/traces`, the newest first. */
export interface TraceSummary {
  id: string;
  at: string;
  durationMs: number;
  service: string;
  name: string;
  spans: number;
  services: number;
  errors: number;
}

/** `GET /api/v1/traces/{id}`: spans in reading order, parents before children. */
export interface TraceView {
  id: string;
  at: string;
  durationMs: number;
  service: string;
  name: string;
  errors: number;
  /** Parents that spans name and that are not here. */
  missing: number;
  spans: TraceSpan[];
}

export interface TraceSpan {
  id: string;
  parent?: string;
  depth: number;
  service: string;
  instance: string;
  name: string;
  kind: string;
  error: boolean;
  message: string;
  /** After the trace's start. */
  startMs: number;
  durationMs: number;
  /** Without the time of its children. */
  selfMs: number;
  /** On the critical path. */
  critical: boolean;
  attributes: { key: string; value: string }[];
  events: { atMs: number; name: string; attributes: { key: string; value: string }[] }[];
}

/** What traces are asked for; empty means any. */
export interface TraceSearch {
  service?: string;
  operation?: string;
  minDuration?: string;
  error?: 'true' | 'false';
  /** KEY=VALUE */
  attribute?: string;
  limit?: string;
  /** Began then or earlier: RFC 3339. */
  to?: string;
}

/** One of `GET /api/v1/statements`: a statement and a public API of which requests run it. */
export interface StatementPath {
  service: string;
  statement: string;
  /** Empty where no span came that serves something. */
  apiService: string;
  api: string;
  calls: number;
  requests: number;
  /** Which part of the API's requests run it. */
  apiShare: number;
  callsPerRequest: number;
  errorRatio: number;
  heatSeconds: number;
  /** Which part of the statement's time is this API's. */
  statementShare: number;
  /** Which part of the API's time the statement takes. */
  timeShare: number;
  exemplar?: string;
}

export type TopOf = 'operations' | 'services' | 'callers' | 'statements';
export type TopBy = 'calls' | 'slow' | 'heat';

/** One of `GET /api/v1/top`. */
/** `GET /api/v1/map/apis`: which API calls which, in so many traces. */
export interface ApiMap {
  traces: number;
  edges: ApiCall[];
}

export interface ApiCall {
  from: string;
  fromApi: string;
  to: string;
  toApi: string;
  calls: number;
  callsPerRequest: number;
  /** Of all calls of the callee's API. */
  share: number;
  errorRatio: number;
  p50Ms: number;
  p99Ms: number;
  /** The slowest. */
  trace: string;
}

export interface TopRow {
  service: string;
  name: string;
  instances: number;
  calls: number;
  callsPerSecond: number;
  errorRatio: number;
  p50Ms: number;
  p99Ms: number;
  /** The sum of all durations. */
  heatSeconds: number;
  /** 0 to 1, of 500 ms; absent on older servers. */
  apdex?: number;
  /** A trace that was so. */
  exemplar?: string;
}

/** A log record, of `GET /api/v1/telemetry/logs`; the newest first. */
export interface LogRecord {
  at: string;
  service: string;
  instance: string;
  /** 1 to 24, after OpenTelemetry. */
  severity: number;
  level: string;
  message: string;
  trace?: string;
  attributes: { key: string; value: string }[];
}

/** `GET /api/v1/why?of=NAME`; without a symptom there are no causes. */
export interface Diagnosis {
  symptom?: string;
  since?: string;
  causes: Cause[];
}

export interface Cause {
  kind: string;
  /** `kind/name`: `host/a`, `service/orders`, `statement/…`. */
  target: string;
  /** 0 to 1. */
  confidence: number;
  evidence: { text: string; now?: number; before?: number; unit?: string; trace?: string; statement?: string; at?: string }[];
}

/** `GET /api/v1/impact?of=TARGET`: the public APIs that go through it. */
export interface Impact {
  target: string;
  apis: { route: string; share: number; requestsPerSecond: number; addedP99Ms: number; errorRatio: number }[];
  /** Of a statement alone. */
  paths?: StatementPath[];
}

/** What is wrong with who depends on whom. */
export interface MapFinding {
  kind: string;
  path: string[];
  message: string;
  remedy: string;
  trace?: string;
}

/** A request that stands for others, of Prometheus' `query_exemplars`. */
export interface Exemplar {
  labels: { trace_id: string };
  value: string;
  /** Seconds since the epoch. */
  timestamp: number;
}

/** Lines that differ in their values alone. */
export interface LogPattern {
  id: string;
  service: string;
  /** With `<*>` where values differ. */
  text: string;
  severity: number;
  count: number;
  first: string;
  last: string;
  example: string;
}

/** `GET /api/v1/logs/patterns`. */
export interface LogPatterns {
  since?: string;
  total: number;
  items: { pattern: LogPattern; isNew: boolean }[];
}

/** One of `GET /api/v1/changes`. */
export interface SeenChange {
  at: string;
  service: string;
  kind: string;
  text: string;
}
