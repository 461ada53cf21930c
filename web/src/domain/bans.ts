import type { TrafficAnswer } from '../api/trafficShapes';
import type { Intervention } from '../api/types';

/** A client that is turned away: by a gateway of its own accord, or by hand. */
export interface Ban {
  /** An address or a range. */
  who: string;
  /** How much longer, in the server's notation; for bans by hand the end is in the intervention. */
  left: string;
  why: string;
  /** The gateway, or the way that it is banned from. */
  where: string;
  intervention?: Intervention;
}

/** `198.51.100.7 for another 4m: 41 paths that are not there`, joined by semicolons. */
const one = /^(\S+) for another (\S+): (.*)$/;

/** Everybody who is banned, the ones by hand first, and whether the front door watches at all. */
export function bansOf(traffic: TrafficAnswer): { watched: boolean; dryRun: boolean; bans: Ban[]; more: number } {
  const reports = (traffic.door ?? []).filter((policy) => policy.kind === 'bans');
  const byHand = traffic.interventions.filter((act) => act.ban).map((act): Ban => ({ who: act.ban!, left: '', why: act.reason, where: act.about, intervention: act }));
  const found = reports.flatMap((report) =>
    report.why.split('; ').flatMap((text) => {
      const [, who, left, why] = one.exec(text) ?? [];
      return who ? [{ who, left: left!, why: why!, where: report.gateway }] : [];
    }),
  );
  const banned = reports.reduce((sum, report) => sum + (report.numbers.banned ?? 0), 0);
  return { watched: reports.length > 0, dryRun: reports.some((report) => report.state === 'counting'), bans: [...byHand, ...found], more: Math.max(0, banned - found.length) };
}

/** The gateway's `never` with one more. */
export const withNever = (never: readonly string[], who: string): string[] => (never.includes(who) ? [...never] : [...never, who]);
