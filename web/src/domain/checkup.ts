import type { MapEdge, ServiceStatus } from '../api/shapes';
import type { HostFigures, InstanceFigures } from '../api/runtimeShapes';
import { scarcities } from './runtime';
import { sumOf, type Flow } from './traffic';

/** What a service uses and how it answers. */
export interface ServiceHealth {
  name: string;
  criticality: ServiceStatus['criticality'];
  ready: number;
  wanted: number;
  /** Cores, of all its instances. */
  cpu: number | undefined;
  memory: number | undefined;
  paused: number | undefined;
  restarts: number;
  flow: Flow;
  /** What is left on the scarcest of its hosts, 0 to 1: how much more it could take there. */
  left: number | undefined;
}

const add = (values: readonly (number | undefined)[]): number | undefined => (values.some((one) => one !== undefined) ? values.reduce<number>((sum, one) => sum + (one ?? 0), 0) : undefined);
const most = (values: readonly (number | undefined)[]): number | undefined => {
  const known = values.filter((one) => one !== undefined);
  return known.length > 0 ? Math.max(...known) : undefined;
};

/** What is left of the scarcest thing of a host, 0 to 1. */
export function leftOf(host: HostFigures | undefined): number | undefined {
  const shares = host ? scarcities(host).map((one) => one.share) : [];
  return shares.length > 0 ? Math.max(0, 1 - Math.max(...shares)) : undefined;
}

/** Every service, the one with least left first. */
export function checkup(services: readonly ServiceStatus[], instances: readonly InstanceFigures[], hosts: readonly HostFigures[], edges: readonly MapEdge[]): ServiceHealth[] {
  return services
    .map((service): ServiceHealth => {
      const own = instances.filter((one) => one.service === service.name);
      const left = [...new Set(own.map((one) => one.host))].map((name) => leftOf(hosts.find((host) => host.name === name))).filter((one) => one !== undefined);
      return {
        name: service.name, criticality: service.criticality, ready: service.ready, wanted: service.wanted, cpu: add(own.map((one) => one.cpu)), memory: add(own.map((one) => one.memory)),
        paused: most(own.map((one) => one.dotNet?.paused)), restarts: service.instances.reduce((sum, one) => sum + one.restarts, 0),
        flow: sumOf(edges.filter((edge) => edge.to === service.name)), left: left.length > 0 ? Math.min(...left) : undefined,
      };
    })
    .sort((a, b) => (a.left ?? 2) - (b.left ?? 2) || (b.cpu ?? 0) - (a.cpu ?? 0) || (a.name < b.name ? -1 : 1));
}
