import { describe, expect, it } from 'vitest';
import { holds, toneOfInstance, versionsOf, type RegisteredInstance } from './registry';

const instance = (of: Partial<RegisteredInstance>): RegisteredInstance => ({ name: 'web-1', address: '127.0.0.1:20001', version: '1.0.0', state: 'ready', inTable: true, message: '', ...of });

describe('registry', () => {
  it('tells how those that answer stand', () => {
    expect(toneOfInstance({ state: 'ready', inTable: true })).toBe('ok');
    expect(toneOfInstance({ state: 'ready', inTable: false })).toBe('busy');
    expect(toneOfInstance({ state: 'starting', inTable: false })).toBe('busy');
    expect(toneOfInstance({ state: 'unhealthy', inTable: false })).toBe('bad');
  });

  it('tells versions with how many are ready', () => {
    expect(versionsOf({ versions: [{ version: '2.1.0', instances: 2, ready: 2 }, { version: '', instances: 3, ready: 1 }] })).toBe('2.1.0 2/2 · 1/3');
    expect(versionsOf({ versions: [] })).toBe('');
  });

  it('finds by name, address, host and label', () => {
    const service = { name: 'payments', instances: [instance({ name: 'payments.eu-1', address: '10.0.0.7:443', labels: { zone: 'eu' } }), instance({ host: 'h1' })] };
    for (const words of ['', ' pay', 'EU-1', '10.0.0.7', 'zone=eu', 'h1']) expect(holds(service, words)).toBe(true);
    for (const words of ['orders', 'zone=us']) expect(holds(service, words)).toBe(false);
  });
});
