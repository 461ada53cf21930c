import { describe, expect, it } from 'vitest';
import { bytesOf, overcommit, reservedShare, verbsOf, type HostRoom } from './headroom';

const room = (host: Partial<HostRoom['host']>, more: Partial<HostRoom> = {}): HostRoom => ({ host: { name: 'h1', state: 'ready', ...host }, reserved: {}, instances: [], ...more });

describe('the room of a host', () => {
  it('is a share of what it offers', () => {
    const half = room({ capacity: { cpu: '4', memory: '1Gi' } }, { reserved: { cpu: '2', memory: '256Mi' } });
    expect([reservedShare(half, 'cpu'), reservedShare(half, 'memory')]).toEqual([0.5, 0.25]);
    expect(reservedShare(room({}), 'cpu')).toBeUndefined();
    expect([bytesOf('10k'), bytesOf('7'), bytesOf('1.5Gi'), bytesOf(undefined)]).toEqual([10_000, 7, undefined, undefined]);
  });

  it('is overcommitted where more is offered than there is', () => {
    const over = room({ capacity: { cpu: '8', memory: '1Gi' }, machine: { cpu: '2', memory: '2Gi' } });
    expect([overcommit(over, 'cpu'), overcommit(over, 'memory'), overcommit(room({}), 'cpu')]).toEqual([4, undefined, undefined]);
  });

  it('says what can be asked of it', () => {
    const one = { name: 'web-1', service: 'web', goal: 'run', state: 'ready' } as const;
    expect(verbsOf(room({}))).toEqual(['cordon', 'drain']);
    expect(verbsOf(room({ use: 'cordoned' }))).toEqual(['drain', 'uncordon']);
    expect(verbsOf(room({ use: 'draining' }))).toEqual(['uncordon']);
    expect(verbsOf(room({ state: 'lost' }))).toEqual(['forget']);
    expect(verbsOf(room({ state: 'lost' }, { instances: [one] }))).toEqual([]);
  });
});
