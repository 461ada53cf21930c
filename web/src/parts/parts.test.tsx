// @vitest-environment jsdom
import { act, type ReactNode } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ApiError } from '../api/client';
import { Keyed } from '../domain/store';
import { CriticalityBadge, InstanceDots, StateBadge } from './Badges';
import { Changes } from './Changes';
import { problemOf, useKeyed, useLoad } from './hooks';
import { Problem } from './Problem';

let root: Root;
let place: HTMLElement;

beforeEach(() => {
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
  place = document.body.appendChild(document.createElement('div'));
  root = createRoot(place);
});

afterEach(async () => {
  await act(async () => root.unmount());
  place.remove();
});

const show = (node: ReactNode) => act(async () => root.render(node));

describe('useKeyed', () => {
  it('draws only the one of two hundred that changed', async () => {
    const store = new Keyed<number>();
    const drawn: string[] = [];
    function One({ id }: { id: string }) {
      drawn.push(id);
      return <i>{useKeyed(store, id)}</i>;
    }
    const ids = Array.from({ length: 200 }, (_, i) => `n${i}`);
    store.replace(ids.map((id) => [id, 0]));
    await show(ids.map((id) => <One key={id} id={id} />));
    drawn.length = 0;
    await act(async () => void store.replace(ids.map((id) => [id, id === 'n5' ? 1 : 0])));
    expect(drawn).toEqual(['n5']);
  });
});

describe('useLoad', () => {
  function Page({ name, load }: { name: string; load: (name: string) => Promise<string> }) {
    const { value, problem } = useLoad(name, () => load(name));
    return <p>{problem ? problem.title : (value ?? '…')}</p>;
  }

  it('shows the answer to the last question, whatever comes first', async () => {
    const answers = new Map<string, (text: string) => void>();
    const load = (name: string) => new Promise<string>((done) => answers.set(name, done));
    await show(<Page name="a" load={load} />);
    await show(<Page name="b" load={load} />);
    await act(async () => answers.get('b')!('B'));
    await act(async () => answers.get('a')!('A'));
    expect(place.textContent).toBe('B');
  });

  it('shows why it failed', async () => {
    await show(<Page name="a" load={() => Promise.reject(new ApiError({ title: 'not found', status: 404 }))} />);
    expect(place.textContent).toBe('not found');
  });
});

describe('badges', () => {
  it('say the state in words and as a shape', async () => {
    await show(<StateBadge of={{ state: 'failed', reason: 'BuildFailed', ready: 0, wanted: 1 }} />);
    expect(place.textContent).toBe('Failed · Build failed');
    expect(place.querySelector('.glyph.tone-bad path')).not.toBeNull();
  });

  it('show words of a newer server as they are', async () => {
    await show(<StateBadge of={{ state: 'hibernate', reason: 'Snowed', ready: 0, wanted: 1 }} />);
    expect(place.textContent).toBe('hibernate · Snowed');
  });

  it('fill one bar per level', async () => {
    await show(<CriticalityBadge of="high" />);
    expect(place.querySelectorAll('.on')).toHaveLength(3);
    expect(place.textContent).toBe('high');
  });

  it('keep the instances of a host together and count what does not fit', async () => {
    const instances = Array.from({ length: 15 }, (_, i) => ({ id: `web-${i}`, state: 'ready', host: i % 2 ? 'b' : 'a' }));
    await show(<InstanceDots instances={instances} />);
    expect([...place.querySelectorAll('.dots-host')].map((host) => host.querySelectorAll('.glyph').length)).toEqual([6, 6]);
    expect(place.textContent).toContain('+3');
  });
});

it('a problem says what, why and what to do', async () => {
  await show(<Problem of={{ title: 'invalid', status: 422, detail: 'scale 9', remedy: 'choose 6', problems: [{ path: 'a.b', what: 'bad', remedy: 'fix it' }] }} />);
  expect(place.textContent).toBe('invalidscale 9choose 6a.b bad; fix it');
  expect(problemOf(new Error('boom'))).toEqual({ title: 'boom', status: 0 });
});

it('changes show before and after, and link to their service', async () => {
  await show(<Changes changes={[{ path: 'services.web.version', before: '"1.3.0"', after: '"1.4.0"' }, { path: 'services.web.scale', after: '3' }]} />);
  expect(place.querySelector('a')!.getAttribute('href')).toBe('/services/web');
  expect([...place.querySelectorAll('del, ins')].map((element) => `${element.tagName} ${element.textContent}`)).toEqual(['DEL 1.3.0', 'INS 1.4.0', 'INS 3']);
});
