import type { MapEdge, ServiceStatus } from '../api/shapes';
import type { TrafficAnswer } from '../api/trafficShapes';
import { Graph } from './graph';
import { policyTone } from './policies';
import { tones, toneOf, type Tone } from './tone';
import { badErrors } from './traffic';

/** One sign that something is wrong. `message` is the server's; the rest is said in the page's language. */
export interface Sign {
  kind: 'service' | 'errors' | 'policy' | 'host';
  tone: Tone;
  /** The service, way or host that shows it. */
  about: string;
  state: string;
  reason: string;
  message: string;
  since?: string;
  /** 0 to 1, of `errors`. */
  ratio?: number;
}

/** What is wrong with one service or host, with what it does to others: the ones further up that are in trouble too are its symptoms. */
export interface Trouble {
  name: string;
  kind: 'service' | 'host' | 'way';
  tone: Tone;
  since?: string;
  signs: Sign[];
  /** Others in trouble that need it, directly or not. */
  symptoms: string[];
  /** Everybody who is hurt, nearest first. */
  hurt: { id: string; steps: number }[];
  critical: boolean;
}

export interface Scene {
  services: readonly ServiceStatus[];
  hosts: readonly { name: string; state: string }[];
  edges: readonly MapEdge[];
  traffic: TrafficAnswer | undefined;
}

const worse = (a: Tone, b: Tone): number => tones.indexOf(a) - tones.indexOf(b);
const worstOf = (signs: readonly Sign[]): Tone => [...signs].sort((a, b) => worse(a.tone, b.tone))[0]!.tone;

/** What is wrong now, what hurts most first. A service whose need is in trouble is told as that one's symptom, not apart. */
export function troubles({ services, hosts, edges, traffic }: Scene): Trouble[] {
  const graph = new Graph(['gateway', ...services.map((one) => one.name)], edges);
  const signs = new Map<string, Sign[]>();
  const add = (name: string, sign: Sign) => signs.set(name, [...(signs.get(name) ?? []), sign]);
  for (const service of services) {
    const tone = toneOf(service);
    if (tone === 'bad' || tone === 'warn') add(service.name, { kind: 'service', tone, about: service.name, state: service.state, reason: service.reason, message: service.message, ...(service.since && { since: service.since }) });
  }
  for (const [name, ratio] of failing(edges)) add(name, { kind: 'errors', tone: 'bad', about: name, state: '', reason: '', message: '', ratio });
  for (const way of traffic?.ways ?? []) {
    for (const policy of way.policies) {
      const tone = policyTone(policy.state);
      const name = graph.has(way.to) ? way.to : way.about;
      if (tone === 'bad' || policy.state === 'shedding' || policy.state === 'limiting') add(name, { kind: 'policy', tone: tone === 'bad' ? 'bad' : 'warn', about: way.about, state: policy.state, reason: policy.policy, message: policy.why });
    }
  }
  const found = [...signs].map(([name, own]): Trouble => ({ ...common(name, own, graph, services), kind: graph.has(name) ? 'service' : 'way' }));
  const roots = withSymptoms(found, graph);
  const lost = hosts.filter((host) => host.state === 'lost').map((host): Trouble => ({ name: host.name, kind: 'host', tone: 'bad', signs: [{ kind: 'host', tone: 'bad', about: host.name, state: host.state, reason: 'HostLost', message: '' }], symptoms: [], hurt: [], critical: true }));
  return [...lost, ...roots].sort((a, b) => worse(a.tone, b.tone) || Number(b.critical) - Number(a.critical) || b.hurt.length - a.hurt.length || (a.name < b.name ? -1 : 1));
}

function common(name: string, signs: Sign[], graph: Graph, services: readonly ServiceStatus[]): Omit<Trouble, 'kind'> {
  const hurt = graph.has(name) ? graph.reverseReach(name) : [];
  const critical = [name, ...hurt.map((one) => one.id)].some((id) => services.find((one) => one.name === id)?.criticality === 'critical');
  const since = signs.flatMap((sign) => sign.since ?? []).sort()[0];
  return { name, tone: worstOf(signs), signs, symptoms: [], hurt, critical, ...(since && { since }) };
}

/** The share of requests to each service that failed, of those where it is bad. */
function failing(edges: readonly MapEdge[]): [string, number][] {
  const sums = new Map<string, { rate: number; failed: number }>();
  for (const edge of edges) {
    const sum = sums.get(edge.to) ?? { rate: 0, failed: 0 };
    sums.set(edge.to, { rate: sum.rate + edge.requestsPerSecond, failed: sum.failed + edge.requestsPerSecond * edge.errorRatio });
  }
  return [...sums].flatMap(([name, { rate, failed }]): [string, number][] => (rate > 0 && failed / rate >= badErrors ? [[name, failed / rate]] : []));
}

/** Only those that have no troubled need; the others become symptoms of the ones that they lean on. In a cycle all stay. */
function withSymptoms(found: readonly Trouble[], graph: Graph): Trouble[] {
  const troubled = new Map(found.map((one) => [one.name, one]));
  const leansOn = (name: string): string[] => graph.needsOf(name).filter((need) => troubled.has(need));
  const roots = found.filter((one) => leansOn(one.name).length === 0 || graph.reverseReach(one.name).some(({ id }) => leansOn(one.name).includes(id)));
  return roots.map((one) => ({ ...one, symptoms: one.hurt.map(({ id }) => id).filter((id) => troubled.has(id) && !roots.some((root) => root.name === id)) }));
}
