import type { Tone } from './tone';

/** A server of the cluster that keeps the store. */
export interface StoreServer {
  name: string;
  member: string;
  address: string;
  leads: boolean;
  role: 'leader' | 'voter' | 'learner';
  state: 'well' | 'troubled' | 'leaderless' | 'away';
  bytes: number;
  revision: number;
}

/** The store as a whole. */
export interface StoreStanding {
  place: string;
  revision: number;
  writable: boolean;
  why?: string;
  spare?: number;
  since?: string;
  servers: readonly StoreServer[];
}

/** How good it is that a server is so. */
export const serverTone = ({ state, role }: StoreServer): Tone => (state !== 'well' ? 'bad' : role === 'learner' ? 'busy' : 'ok');

/** How far a server's member is behind the one that is farthest, in revisions. */
export const behind = (of: StoreServer, all: readonly StoreServer[]): number => (of.state === 'well' ? Math.max(...all.map((one) => one.revision)) - of.revision : 0);

/** A name for a backup: sorts by time, and no file system minds it. */
export const backupName = (now: Date): string => `mainstay-${now.toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-')}.backup`;
