import type { TrafficAnswer, TrafficPolicy } from '../api/trafficShapes';
import { policyTone } from './policies';
import type { Tone } from './tone';

/** How long the page remembers by itself; the stream has one answer per second. */
const most = 300;

export interface PolicyTrend {
  tones: readonly Tone[];
  limits: readonly number[];
  inFlight: readonly number[];
}

export const trendKey = (about: string, policy: Pick<TrafficPolicy, 'gateway' | 'policy'>): string => `${about} ${policy.gateway} ${policy.policy}`;

/** What the page has seen of each policy since it was opened, the newest last. */
export class Trends {
  private readonly seen = new Map<string, { tones: Tone[]; limits: number[]; inFlight: number[] }>();

  push(traffic: TrafficAnswer): void {
    for (const way of traffic.ways) {
      for (const policy of way.policies) {
        const key = trendKey(way.about, policy);
        const one = this.seen.get(key) ?? { tones: [], limits: [], inFlight: [] };
        this.seen.set(key, { tones: add(one.tones, policyTone(policy.state)), limits: add(one.limits, policy.numbers.limit ?? 0), inFlight: add(one.inFlight, policy.numbers.inFlight ?? 0) });
      }
    }
  }

  of(key: string): PolicyTrend | undefined {
    return this.seen.get(key);
  }
}

const add = <T>(list: readonly T[], next: T): T[] => [...list.slice(1 - most), next];

/** Neighbours of the same tone as one stretch: tone, start and length. */
export function stretches(tones: readonly Tone[]): { tone: Tone; from: number; length: number }[] {
  const found: { tone: Tone; from: number; length: number }[] = [];
  tones.forEach((tone, index) => {
    const last = found.at(-1);
    if (last?.tone === tone) last.length++;
    else found.push({ tone, from: index, length: 1 });
  });
  return found;
}

/** Values as shares of the largest, for a line. */
export const shares = (values: readonly number[], largest: number): number[] => values.map((value) => (largest > 0 ? value / largest : 0));
