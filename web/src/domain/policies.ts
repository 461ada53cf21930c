import type { InterventionWish, TrafficAnswer, TrafficNotice, TrafficPolicy } from '../api/trafficShapes';
import type { Intervention } from '../api/types';
import { bytes } from './runtime';
import type { Tone } from './tone';

/** The bounds of the latency distribution, in milliseconds; one more range follows the last. */
export const latencyBoundsMs: readonly number[] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];

const bad = new Set(['open', 'forcedOpen', 'ejected', 'panic']);
const warn = new Set(['halfOpen', 'trickle', 'limiting', 'shedding', 'thrown', 'dryRun', 'queueing', 'banning', 'recovering']);

/** A policy's tone; states of a newer gateway are idle and shown by name. */
export function policyTone(state: string): Tone {
  if (bad.has(state)) return 'bad';
  if (warn.has(state)) return 'warn';
  return state === 'off' || state === 'idle' ? 'idle' : 'ok';
}

/** A policy with what every gateway says of it. */
export interface GroupedPolicy {
  policy: string;
  kind: string;
  /** The state that hurts most. */
  state: string;
  byGateway: readonly TrafficPolicy[];
}

const order: readonly Tone[] = ['bad', 'warn', 'busy', 'ok', 'idle'];

/** Reports of several gateways about the same policy as one, in the order in which requests pass them. */
export function grouped(policies: readonly TrafficPolicy[]): GroupedPolicy[] {
  const groups = new Map<string, TrafficPolicy[]>();
  for (const one of policies) groups.set(one.policy, [...(groups.get(one.policy) ?? []), one]);
  return [...groups].map(([policy, all]) => {
    const worst = [...all].sort((a, b) => order.indexOf(policyTone(a.state)) - order.indexOf(policyTone(b.state)))[0]!;
    return { policy, kind: worst.kind, state: worst.state, byGateway: all };
  });
}

/** Heights of the distribution's bars, 0 to 1; what is not zero is seen. */
export function bars(latency: readonly number[]): number[] {
  const most = Math.max(...latency, 1);
  return latency.map((count) => (count === 0 ? 0 : Math.max(0.08, count / most)));
}

/** The range of a bar in words: `≤ 5 ms`, `> 5 s`. */
export function rangeOf(index: number): string {
  const label = (ms: number) => (ms < 1000 ? `${ms} ms` : `${ms / 1000} s`);
  const bound = latencyBoundsMs[index];
  return bound === undefined ? `> ${label(latencyBoundsMs[latencyBoundsMs.length - 1]!)}` : `≤ ${label(bound)}`;
}

/** A figure with its unit, which its name tells last: `p99Ms` 12.34 is `12.3 ms`. */
export function figure(name: string, value: number): string {
  if (/bytes$/i.test(name)) return bytes(value);
  if (name.endsWith('Percent')) return `${Number(value.toFixed(1))}%`;
  if (name.endsWith('Ms')) return value < 10 ? `${value.toFixed(1)} ms` : `${value.toFixed(0)} ms`;
  if (/ratio|share|errors$|slow$/i.test(name) && value <= 1) return `${(value * 100).toFixed(1)}%`;
  return Number.isInteger(value) ? String(value) : value.toFixed(2);
}

/** What an intervention does, in words that are the same in every language: its own notation. */
export function actOf(one: Intervention | InterventionWish): string {
  if (one.breaker) return `breaker ${one.breaker}`;
  if (one.degrade) return `degrade ${one.degrade}`;
  if (one.limits) return `limits ${one.limits}`;
  if (one.admit !== undefined) return `admit ≥ ${one.admit}`;
  if (one.ban) return `ban ${one.ban}`;
  const fault = one.fault;
  if (!fault) return '';
  const parts = [fault.delay && `delay ${fault.delay}`, fault.abort && `abort ${fault.abort}`, fault.reset && 'reset', fault.bandwidth && `bandwidth ${fault.bandwidth}/s`];
  return `fault ${fault.percent ?? '100%'}: ${parts.filter(Boolean).join(', ')}`;
}

/** What happened to one way, the newest first. */
export const noticesOf = (traffic: TrafficAnswer, about: string): readonly TrafficNotice[] => traffic.notices.filter((notice) => notice.about === about);

/** Everything that an intervention can be about: the ways, and the services that they lead to. */
export function subjects(traffic: TrafficAnswer): string[] {
  const services = new Set(traffic.ways.map((way) => way.to).filter((to) => /^[a-z0-9][a-z0-9.-]*$/.test(to)));
  return [...new Set([...traffic.ways.map((way) => way.about), ...[...services].sort().map((name) => `service/${name}`)])];
}
