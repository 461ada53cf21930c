// Answers of the Admin API about what hosts, instances and middleware use; made of samples, so no kind's record describes them.

/** `GET /api/v1/runtime`, and each `event: runtime` of its watch. */
export interface RuntimeAnswer {
  at: string;
  hosts: HostFigures[];
  instances: InstanceFigures[];
  middleware: MiddlewareFigures[];
}

/** Shares are 0 to 1; what a machine does not tell is absent. */
export interface HostFigures {
  name: string;
  processors?: number;
  cpu?: number;
  steal?: number;
  ioWait?: number;
  throttled?: number;
  load?: number;
  memoryTotal?: number;
  memoryAvailable?: number;
  swapUsed?: number;
  cpuPressure?: number;
  memoryPressure?: number;
  ioPressure?: number;
  openFiles?: number;
  disks: { device: string; readBytes?: number; writeBytes?: number; busy?: number }[];
  fileSystems: { folder: string; device: string; used: number; free: number }[];
  networks: { interface: string; received?: number; sent?: number; errors?: number }[];
  trends: Record<'cpu' | 'memory' | 'disk' | 'pressure', (number | null)[]>;
}

/** All processes of an instance together; rates are per second. */
export interface InstanceFigures {
  name: string;
  service: string;
  version: string;
  host: string;
  cpu?: number;
  memory?: number;
  memoryShare?: number;
  processes?: number;
  threads?: number;
  files?: number;
  readBytes?: number;
  writeBytes?: number;
  contextSwitches?: number;
  uptime?: number;
  restarts?: number;
  throttled?: number;
  dotNet?: {
    heap?: number;
    allocated?: number;
    collections?: number;
    paused?: number;
    poolThreads?: number;
    poolQueue?: number;
    contentions?: number;
    exceptions?: number;
  };
}

export interface MiddlewareFigures {
  name: string;
  kind: string;
  target: string;
  up: boolean;
  why: string;
  figures: { name: string; unit: string; value?: number }[];
}
