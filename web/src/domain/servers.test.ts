import { describe, expect, it } from 'vitest';
import { backupName, behind, serverTone, type StoreServer } from './servers';

const server = (of: Partial<StoreServer>): StoreServer => ({ name: 'a', member: '1', address: '', leads: false, role: 'voter', state: 'well', bytes: 0, revision: 10, ...of });

describe('the store', () => {
  it('says how a server is', () => {
    expect([server({}), server({ role: 'learner' }), server({ state: 'away' }), server({ state: 'leaderless' })].map(serverTone)).toEqual(['ok', 'busy', 'bad', 'bad']);
  });

  it('says how far one is behind, where that is known', () => {
    const all = [server({ revision: 12 }), server({ revision: 9 }), server({ state: 'away', revision: 0 })];
    expect(all.map((one) => behind(one, all))).toEqual([0, 3, 0]);
  });

  it('names backups by their time', () => {
    expect(backupName(new Date('2026-01-02T03:04:05.678Z'))).toBe('mainstay-20260102-030405.backup');
  });
});
