/** What the Admin API says of runs of flows. */
export type FlowState = 'running' | 'waiting' | 'compensating' | 'parked' | 'succeeded' | 'compensated';
export type FlowStage = 'calling' | 'pausing' | 'expecting' | 'waiting' | 'open' | 'done' | 'failed' | 'skipped' | 'parked';

export interface FlowRun {
  id: string;
  flow: string;
  state: FlowState;
  why: string;
  by: string;
  at: string;
  endedAt?: string;
  input?: unknown;
  output?: unknown;
  pivoted: boolean;
  stopping: boolean;
  round: number;
}

export interface FlowRow {
  path: string;
  stage: FlowStage;
  kind: 'call' | 'poll' | 'check' | 'timer' | 'signal' | 'approval' | 'steps';
  attempt: number;
  began: string;
  ended?: string;
  until?: string;
  status: number;
  result?: unknown;
  why: string;
  unknown: boolean;
}

export interface FlowRunView {
  run: FlowRun;
  steps: FlowRow[];
  traceId: string;
}

export interface FlowCount {
  flow: string;
  state: FlowState;
  count: number;
}
