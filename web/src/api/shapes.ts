// Answers of the Admin API that are views over several kinds, so no kind's record describes them.
import type { MapFinding } from './observeShapes';
import type { Criticality, FieldChange, ReleaseRecord, ReleaseReport, ReleaseStatus, ScalingDecision, ScalingFigure } from './types';

export type { Criticality };

/** `GET /api/v1/status`, and each `event: status` of its watch. */
export interface Status {
  architecture: ArchitectureHead;
  services: ServiceStatus[];
  gateway: GatewayStatus;
  hosts: HostStatus[];
}

export interface ArchitectureHead {
  title: string;
  environment: string;
  /** Number of the version in force; 0 before the first apply. */
  version: number;
  /** False after `down`. */
  running: boolean;
}

export interface ServiceStatus {
  name: string;
  version?: string;
  criticality: Criticality;
  state: string;
  reason: string;
  message: string;
  since?: string;
  wanted: number;
  ready: number;
  instances: InstanceStatus[];
}

export interface InstanceStatus {
  id: string;
  /** 0 when no process runs. */
  pid: number;
  /** `host:port`; empty before the first start. */
  endpoint: string;
  host: string;
  state: string;
  reason: string;
  message: string;
  version: string;
  restarts: number;
  startedAt?: string;
}

export interface GatewayStatus {
  listen: string;
  state: string;
  tableRevision: number;
}

export interface HostStatus {
  name: string;
  state: string;
  address: string;
}

/** `GET /api/v1/map`, and each `event: map` of its watch. */
export interface MapAnswer {
  revision: number;
  at: string;
  nodes: MapNode[];
  edges: MapEdge[];
  /** What is wrong with who depends on whom. */
  findings?: MapFinding[];
}

export type NodeKind = 'gateway' | 'service' | 'external';

export interface MapNode {
  /** Unique; the gateway's is `gateway`, a service's is its name. */
  id: string;
  kind: NodeKind;
  title: string;
  criticality: Criticality;
  state: string;
  reason: string;
  message: string;
  ready: number;
  wanted: number;
  version?: string;
  hosts: string[];
  instances: MapInstance[];
}

export interface MapInstance {
  id: string;
  state: string;
  host: string;
}

export interface MapEdge {
  from: string;
  to: string;
  requestsPerSecond: number;
  /** 0 to 1. */
  errorRatio: number;
  p50Ms: number;
  p99Ms: number;
  declared: boolean;
}

/** One line of `GET /api/v1/logs`. */
export interface LogLine {
  at: string;
  instance: string;
  stream: 'out' | 'err';
  text: string;
}

/** `GET /api/v1/diff`. */
export interface DiffAnswer {
  from: number;
  to: number;
  changes: FieldChange[];
}

/** `GET /api/v1/services/NAME/scaling`. */
export interface ScalingReport {
  service: string;
  automatic: boolean;
  min: number;
  max: number;
  wanted: number;
  ready: number;
  reason: string;
  message: string;
  figures: ScalingFigure[];
  decisions: ScalingDecision[];
}

/** `GET /api/v1/services/{name}/rollout`. */
export interface RolloutAnswer {
  service: string;
  message: string;
  release?: ReleaseStatus;
  comparison?: string;
  report?: ReleaseReport;
  /** The newest first. */
  history: ReleaseRecord[];
}

/** A page of a kind's list. */
export interface ListAnswer<T> {
  items: T[];
  revision: number;
  continue?: string;
}

/** RFC 9457, with the remedy that every error of Mainstay carries. */
export interface ProblemDetails {
  type?: string;
  title: string;
  status: number;
  detail?: string;
  remedy?: string;
  problems?: { path: string; what: string; remedy: string }[];
}
