import { describe, expect, it } from 'vitest';
import type { HostFigures } from '../api/runtimeShapes';
import { bytes, keyFigure, scarcest, shareTone, trendPath } from './runtime';

const host: HostFigures = {
  name: 'a', cpu: 0.4, memoryTotal: 100, memoryAvailable: 10, disks: [{ device: 'vda', busy: 0.2 }, { device: 'vdb' }],
  fileSystems: [{ folder: '/', device: 'vda', used: 30, free: 70 }], networks: [], trends: { cpu: [], memory: [], disk: [], pressure: [] },
};

describe('figures of hosts', () => {
  it('are judged by what is scarcest', () => {
    expect(scarcest(host)).toEqual({ name: 'memory', share: 0.9 });
    expect(scarcest({ ...host, memoryAvailable: 90 })).toEqual({ name: 'cpu', share: 0.4 });
    expect(scarcest({ name: 'b', disks: [], fileSystems: [], networks: [], trends: host.trends })).toBeUndefined();
    expect([undefined, 0.5, 0.8, 0.95].map(shareTone)).toEqual(['idle', 'ok', 'warn', 'bad']);
  });

  it('are drawn with gaps where nothing is known', () => {
    expect(trendPath([null, 0, 0.5, null, 2], 40, 10)).toBe('M10.0 10.0L20.0 5.0M40.0 0.0');
    expect(trendPath([], 40, 10)).toBe('');
  });

  it('read with three digits', () => {
    expect([0, 512, 1000, 4.1 * 2 ** 20, 23.5 * 2 ** 30, 2 ** 70].map(bytes)).toEqual(['0 B', '512 B', '1.0 KiB', '4.1 MiB', '23.5 GiB', '1048576 PiB']);
  });

  it('of servers read by their unit', () => {
    expect([['By', 2048], ['share', 0.25], ['/s', 12], ['s', 0.5], ['1', 3.2], ['1', undefined]].map(([unit, value]) => keyFigure({ name: 'x', unit: unit as string, value: value as number })))
      .toEqual(['2.0 KiB', '25%', '12/s', '500 ms', '3', '–']);
  });
});
