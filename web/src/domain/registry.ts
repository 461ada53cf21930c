import type { Criticality, Lifecycle } from '../api/types';
import type { Tone } from './tone';

/** One that answers for a service, as the registry tells it. */
export interface RegisteredInstance {
  name: string;
  address: string;
  version: string;
  state: string;
  inTable: boolean;
  since?: string;
  message: string;
  host?: string;
  zone?: string;
  source?: 'declared' | 'registered';
  id?: string;
  ttl?: string;
  registeredBy?: string;
  labels?: Record<string, string>;
}

/** A service as the registry tells it. */
export interface RegisteredService {
  name: string;
  by: 'process' | 'container' | 'external';
  criticality: Criticality;
  state: Lifecycle;
  reason: string;
  message: string;
  wanted: number;
  ready: number;
  versions: readonly { version: string; instances: number; ready: number }[];
  instances: readonly RegisteredInstance[];
}

/** What a glance says of one that answers. */
export function toneOfInstance({ state, inTable }: Pick<RegisteredInstance, 'state' | 'inTable'>): Tone {
  if (state === 'ready') return inTable ? 'ok' : 'busy';
  return state === 'unhealthy' || state === 'backoff' ? 'bad' : 'busy';
}

/** `2.1.0 2/2 · 2.0.0 1/3`; versions that nobody knows have no name. */
export const versionsOf = ({ versions }: Pick<RegisteredService, 'versions'>): string =>
  versions.map(({ version, instances, ready }) => `${version} ${ready}/${instances}`.trim()).join(' · ');

/** Whether what is searched for is in a service's name, or in a name, an address, a host or a label of who answers for it. */
export function holds({ name, instances }: Pick<RegisteredService, 'name' | 'instances'>, words: string): boolean {
  const wanted = words.trim().toLowerCase();
  const all = [name, ...instances.flatMap((one) => [one.name, one.address, one.host ?? '', one.zone ?? '', ...Object.entries(one.labels ?? {}).map(([key, value]) => `${key}=${value}`)])];
  return wanted === '' || all.some((one) => one.toLowerCase().includes(wanted));
}
